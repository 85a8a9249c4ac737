#include "base/run/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <system_error>

namespace conclave {
namespace {

std::string_view advice(int error) {
  switch (error) {
    case ENOENT:
      return "check that the path is right and its directory exists";
    case EACCES:
    case EPERM:
      return "check who owns it and its permissions";
    case ENOSPC:
    case EDQUOT:
      return "free some disk space or raise the quota";
    case EROFS:
      return "the file system is mounted read-only";
    case EMFILE:
    case ENFILE:
      return "raise the limit of open files (ulimit -n)";
    case ENOTDIR:
      return "a part of the path is a file, not a directory";
    case EISDIR:
      return "it is a directory; name a file";
    case EIO:
      return "the disk reports a failure; check the kernel log";
    default:
      return {};
  }
}

ErrorCode code_of(int error) {
  if (error == ENOENT) return ErrorCode::not_found;
  if (error == EEXIST) return ErrorCode::exists;
  return ErrorCode::io;
}

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// Removes a temporary file on every way out but the successful one.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string path) : path_(std::move(path)) {}
  ~TemporaryFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  void keep() { path_.clear(); }

 private:
  std::string path_;
};

}  // namespace

void Descriptor::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

std::unexpected<Error> fail_errno(std::string_view doing, std::string_view path, int error) {
  std::string message =
      std::string(doing) + " " + std::string(path) + ": " + std::generic_category().message(error);
  if (const std::string_view what_to_do = advice(error); !what_to_do.empty()) {
    message.append("; ").append(what_to_do);
  }
  return fail(code_of(error), std::move(message));
}

Result<Descriptor> open_file(const std::string& path, int flags, mode_t mode) {
  for (;;) {
    Descriptor file(::open(path.c_str(), flags | O_CLOEXEC, mode));
    if (file) return file;
    if (errno != EINTR) return fail_errno("open", path, errno);
  }
}

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  CONCLAVE_TRY_ASSIGN(const Descriptor file, open_file(path, O_RDONLY));
  std::string bytes;
  char block[std::size_t{64} * 1024];
  for (;;) {
    const ssize_t got = ::read(file.get(), block, sizeof block);
    if (got == 0) return bytes;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("read", path, errno);
    bytes.append(block, static_cast<std::size_t>(got));
    if (bytes.size() > limit) {
      return fail(ErrorCode::too_large, "read " + path + ": it is larger than the " +
                                            std::to_string(limit) + " bytes allowed here");
    }
  }
}

Result<void> write_all(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_errno("write", path, errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> write_file_atomically(const std::string& path, std::string_view bytes, mode_t mode) {
  const std::string temporary = path + ".tmp";
  CONCLAVE_TRY_ASSIGN(Descriptor file, open_file(temporary, O_WRONLY | O_CREAT | O_TRUNC, mode));
  TemporaryFile guard(temporary);
  CONCLAVE_TRY(write_all(file.get(), bytes, temporary));
  if (::fsync(file.get()) != 0) return fail_errno("fsync", temporary, errno);
  file.close();
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    return fail_errno("rename " + temporary + " to", path, errno);
  }
  guard.keep();
  return sync_directory(parent_of(path));
}

Result<void> remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0) {
    if (errno == ENOENT) return {};
    return fail_errno("remove", path, errno);
  }
  return sync_directory(parent_of(path));
}

Result<void> make_directories(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) return {};
    return fail_errno("make directory", path, ENOTDIR);
  }
  const std::string parent = parent_of(path);
  if (parent != path) CONCLAVE_TRY(make_directories(parent));
  if (::mkdir(path.c_str(), 0700) != 0) {
    if (errno == EEXIST) return {};
    return fail_errno("make directory", path, errno);
  }
  return sync_directory(parent);
}

Result<void> sync_directory(const std::string& path) {
  CONCLAVE_TRY_ASSIGN(const Descriptor directory, open_file(path, O_RDONLY | O_DIRECTORY));
  if (::fsync(directory.get()) != 0) return fail_errno("fsync directory", path, errno);
  return {};
}

Result<std::vector<std::string>> list_directory(const std::string& path) {
  struct Close {
    void operator()(DIR* directory) const { ::closedir(directory); }
  };
  const std::unique_ptr<DIR, Close> directory(::opendir(path.c_str()));
  if (!directory) return fail_errno("list directory", path, errno);
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(directory.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return fail_errno("list directory", path, errno);
  std::ranges::sort(names);
  return names;
}

bool path_exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

Result<Descriptor> lock_file(const std::string& path) {
  CONCLAVE_TRY_ASSIGN(Descriptor file, open_file(path, O_RDWR | O_CREAT));
  for (;;) {
    if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return file;
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return fail_errno("lock", path, errno);
    return fail(ErrorCode::exists,
                "lock " + path +
                    ": another process holds it; stop that process or use another data directory");
  }
}

Result<std::uint64_t> free_disk_bytes(const std::string& path) {
  struct statvfs status{};
  if (::statvfs(path.c_str(), &status) != 0)
    return fail_errno("ask for free space of", path, errno);
  return std::uint64_t{status.f_bavail} * status.f_frsize;
}

}  // namespace conclave
