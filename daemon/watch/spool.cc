#include "daemon/watch/spool.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "base/run/log.h"

namespace conclave::daemon {
namespace {

/// One read, and one piece of a body: what a socket takes in one go.
constexpr std::size_t sent_piece_bytes = 128 << 10;

}  // namespace

SpoolFile::SpoolFile(Descriptor file, const SpoolOptions& options,
                     std::shared_ptr<std::atomic<std::uint64_t>> used)
    : file_(std::move(file)), options_(options), used_(std::move(used)) {}

SpoolFile::~SpoolFile() { used_->fetch_sub(size_, std::memory_order_relaxed); }

Result<void> SpoolFile::append(std::string_view bytes) {
  const std::uint64_t others = used_->fetch_add(bytes.size(), std::memory_order_relaxed);
  size_ += bytes.size();
  if (others + bytes.size() > options_.bytes_max) {
    return fail(ErrorCode::unavailable,
                fmt::format("The large lists that are being sent fill the {} MiB that there are "
                            "for them: try again later, or ask for less at a time",
                            options_.bytes_max >> 20));
  }
  CONCLAVE_TRY_ASSIGN(const std::uint64_t free_bytes, free_disk_bytes(options_.directory));
  if (free_bytes < options_.free_bytes_min + bytes.size()) {
    return fail(ErrorCode::unavailable,
                fmt::format("{} has too little free disk space for a list of this size: ask for "
                            "less at a time",
                            options_.directory));
  }
  return write_all(file_.get(), bytes, options_.directory);
}

Result<std::string> SpoolFile::read(std::uint64_t offset, std::size_t bytes_max) const {
  std::string bytes(std::min<std::uint64_t>(bytes_max, size_ - std::min(offset, size_)), '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = ::pread(file_.get(), bytes.data() + done, bytes.size() - done,
                              static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return fail_errno("read a list from", options_.directory, n < 0 ? errno : EIO);
    done += static_cast<std::size_t>(n);
  }
  return bytes;
}

Result<std::shared_ptr<SpoolFile>> Spool::create() {
  std::string path = options_.directory + "/list-XXXXXX";
  Descriptor file(::mkostemp(path.data(), O_CLOEXEC));
  if (!file) return fail_errno("create a file in", options_.directory, errno);
  if (::unlink(path.c_str()) != 0) return fail_errno("remove", path, errno);
  return std::make_shared<SpoolFile>(std::move(file), options_, used_);
}

Task<std::string> SpooledBody::next() {
  auto piece = file_->read(sent_, sent_piece_bytes);
  if (!piece) {
    // A body that ends too early closes the connection.
    log_error("http", "{}", piece.error().message);
    co_return std::string();
  }
  sent_ += piece->size();
  co_return std::move(*piece);
}

}  // namespace conclave::daemon
