#pragma once

/// Files, as far as everybody needs them: owned descriptors, small files read and replaced whole,
/// directories, the lock on the data directory, free space. Blocking: not on loops that serve,
/// except at start-up and for small files. Every error names the path and what to do.

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/core/result.h"

namespace conclave {

/// Owns one open file descriptor, or none.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { close(); }
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      close();
      fd_ = other.release();
    }
    return *this;
  }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  /// Gives the descriptor away; the caller closes it.
  int release() { return std::exchange(fd_, -1); }
  void close();

 private:
  int fd_ = -1;
};

/// An Error of code io (not_found for ENOENT, exists for EEXIST) that reads
/// "<doing> <path>: <what the system says>; <what to do>", the last part from `error`.
std::unexpected<Error> fail_errno(std::string_view doing, std::string_view path, int error);

/// Opens with O_CLOEXEC added to `flags`.
Result<Descriptor> open_file(const std::string& path, int flags, mode_t mode = 0600);

/// The whole file; too_large if it holds more than `limit` bytes.
Result<std::string> read_file(const std::string& path, std::size_t limit = std::size_t{64} << 20);

/// Writes all of `bytes`, going on after short writes and interruptions.
Result<void> write_all(int fd, std::string_view bytes, const std::string& path);

/// Replaces the file whole: a temporary file beside it, fsync, rename, fsync of the directory. A
/// crash at any point leaves the old file or the new one. One writer per path.
Result<void> write_file_atomically(const std::string& path, std::string_view bytes,
                                   mode_t mode = 0600);

/// Removes a file durably; no error if it is not there.
Result<void> remove_file(const std::string& path);

/// Creates a directory and its parents, mode 0700, each made durable in its parent.
Result<void> make_directories(const std::string& path);
Result<void> sync_directory(const std::string& path);
/// The names in a directory, sorted, without "." and "..".
Result<std::vector<std::string>> list_directory(const std::string& path);
bool path_exists(const std::string& path);

/// Takes the exclusive lock (flock) of `path`, creating the file; held as long as the descriptor
/// lives. `exists` if another process has it: the data directory is in use.
Result<Descriptor> lock_file(const std::string& path);

/// Bytes that an unprivileged process may still write to the file system of `path`.
Result<std::uint64_t> free_disk_bytes(const std::string& path);

}  // namespace conclave
