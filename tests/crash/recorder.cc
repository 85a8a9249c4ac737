#include "tests/crash/recorder.h"

#include <fcntl.h>
#include <linux/limits.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace conclave::crash {
namespace {

struct Recording {
  bool on = false;
  std::string root;
  std::vector<Operation> operations;
  std::function<bool(const std::string&)> lies;
};

Recording& recording() {
  static Recording the_recording;
  return the_recording;
}

std::optional<std::string> relative(std::string_view path) {
  const Recording& record = recording();
  if (!record.on || !path.starts_with(record.root)) return std::nullopt;
  path.remove_prefix(record.root.size());
  if (path.ends_with("/lock") || path.ends_with("/lock.mdb")) return std::nullopt;
  return std::string(path);
}

std::string descriptor_path(int fd) {
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  std::array<char, PATH_MAX> path{};
  const ssize_t size = ::readlink(link.c_str(), path.data(), path.size());
  return {path.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
}

std::optional<std::string> relative_of(int fd) {
  if (!recording().on) return std::nullopt;
  return relative(descriptor_path(fd));
}

std::uint64_t inode_of(int fd) {
  struct stat status{};
  ::fstat(fd, &status);
  return status.st_ino;
}

}  // namespace

void start_recording(std::string root) {
  recording().root = std::move(root);
  recording().operations.clear();
  recording().on = true;
}

std::vector<Operation> stop_recording() {
  recording().on = false;
  return std::move(recording().operations);
}

void record_mark(std::uint64_t acknowledged) {
  if (!recording().on) return;
  recording().operations.push_back({.kind = Operation::Kind::mark, .at = acknowledged});
}

void set_lying_syncs(std::function<bool(const std::string&)> lies) {
  recording().lies = std::move(lies);
}

void note_sync(int fd) {
  auto path = relative_of(fd);
  if (!path || (recording().lies && recording().lies(*path))) return;
  struct stat status{};
  ::fstat(fd, &status);
  recording().operations.push_back(
      {.kind = S_ISDIR(status.st_mode) ? Operation::Kind::sync_directory : Operation::Kind::sync,
       .file = status.st_ino,
       .path = std::move(*path)});
}

void note_write(int fd, std::uint64_t at, std::string_view bytes) {
  if (auto path = relative_of(fd)) {
    recording().operations.push_back({.kind = Operation::Kind::write,
                                      .file = inode_of(fd),
                                      .path = std::move(*path),
                                      .at = at,
                                      .bytes = std::string(bytes)});
  }
  if ((::fcntl(fd, F_GETFL) & O_DSYNC) != 0) note_sync(fd);
}

void note_truncate(int fd, std::uint64_t size) {
  if (auto path = relative_of(fd)) {
    recording().operations.push_back({.kind = Operation::Kind::truncate,
                                      .file = inode_of(fd),
                                      .path = std::move(*path),
                                      .at = size});
  }
}

void note_rename(std::string_view from, std::string_view to) {
  auto path = relative(from);
  auto target = relative(to);
  if (path && target) {
    recording().operations.push_back(
        {.kind = Operation::Kind::rename, .path = std::move(*path), .to = std::move(*target)});
  }
}

std::string path_of(int directory, std::string_view path) {
  if (directory == AT_FDCWD || path.starts_with('/')) return std::string(path);
  return descriptor_path(directory) + "/" + std::string(path);
}

void note_remove(std::string_view removed) {
  if (auto path = relative(removed)) {
    recording().operations.push_back({.kind = Operation::Kind::remove, .path = std::move(*path)});
  }
}

}  // namespace conclave::crash

// The system's functions as this program, and every library in it, calls them.
extern "C" {

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t at) {
  const auto written = static_cast<ssize_t>(syscall(SYS_pwrite64, fd, bytes, size, at));
  if (written > 0) {
    conclave::crash::note_write(fd, static_cast<std::uint64_t>(at),
                                {static_cast<const char*>(bytes), static_cast<size_t>(written)});
  }
  return written;
}

ssize_t write(int fd, const void* bytes, size_t size) {
  const auto at = static_cast<off_t>(syscall(SYS_lseek, fd, 0, SEEK_CUR));
  const auto written = static_cast<ssize_t>(syscall(SYS_write, fd, bytes, size));
  if (written > 0 && at >= 0) {
    conclave::crash::note_write(fd, static_cast<std::uint64_t>(at),
                                {static_cast<const char*>(bytes), static_cast<size_t>(written)});
  }
  return written;
}

ssize_t writev(int fd, const iovec* parts, int count) {
  const auto at = static_cast<off_t>(syscall(SYS_lseek, fd, 0, SEEK_CUR));
  const auto written = static_cast<ssize_t>(syscall(SYS_writev, fd, parts, count));
  if (written > 0 && at >= 0) {
    std::string bytes;
    for (int i = 0; i < count; ++i) {
      bytes.append(static_cast<const char*>(parts[i].iov_base), parts[i].iov_len);
    }
    bytes.resize(static_cast<size_t>(written));
    conclave::crash::note_write(fd, static_cast<std::uint64_t>(at), bytes);
  }
  return written;
}

int ftruncate(int fd, off_t size) noexcept {
  const auto result = static_cast<int>(syscall(SYS_ftruncate, fd, size));
  if (result == 0) conclave::crash::note_truncate(fd, static_cast<std::uint64_t>(size));
  return result;
}

int fdatasync(int fd) {
  conclave::crash::note_sync(fd);
  return 0;
}

int fsync(int fd) {
  conclave::crash::note_sync(fd);
  return 0;
}

int rename(const char* from, const char* to) noexcept {
  const auto result = static_cast<int>(syscall(SYS_rename, from, to));
  if (result == 0) conclave::crash::note_rename(from, to);
  return result;
}

int unlink(const char* path) noexcept {
  const auto result = static_cast<int>(syscall(SYS_unlink, path));
  if (result == 0) conclave::crash::note_remove(path);
  return result;
}

int unlinkat(int directory, const char* path, int flags) noexcept {
  const auto result = static_cast<int>(syscall(SYS_unlinkat, directory, path, flags));
  if (result == 0) conclave::crash::note_remove(conclave::crash::path_of(directory, path));
  return result;
}

}  // extern "C"
