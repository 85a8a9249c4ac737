#include "raft/wal/segment_window.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/core/bytes.h"

namespace conclave::raft {
namespace {

constexpr std::size_t window_bytes = 1 << 20;

}  // namespace

Result<SegmentWindow> SegmentWindow::open(const std::string& path, std::uint32_t seed) {
  SegmentWindow window;
  window.path_ = path;
  window.seed_ = seed;
  CONCLAVE_TRY_ASSIGN(window.file_, open_file(path, O_RDONLY));
  struct stat status{};
  if (::fstat(window.file_.get(), &status) != 0) return fail_errno("look at", path, errno);
  window.size_ = static_cast<std::uint64_t>(status.st_size);
  return window;
}

Result<std::optional<SegmentWindow::Found>> SegmentWindow::record_at(std::uint64_t offset) {
  if (!holds(offset, record_head_bytes)) CONCLAVE_TRY(load(offset, window_bytes));
  if (!holds(offset, record_head_bytes)) return std::nullopt;
  const std::size_t bytes =
      record_bytes(load_u32_le(bytes_.data() + (offset - begin_) + record_size_at));
  if (!holds(offset, bytes)) CONCLAVE_TRY(load(offset, std::max(bytes, window_bytes)));
  const std::optional<Record> record = read_record(bytes_, offset - begin_, seed_);
  if (!record) return std::nullopt;
  return Found{*record, begin_ + record->end};
}

bool SegmentWindow::holds(std::uint64_t offset, std::size_t size) const {
  return offset >= begin_ && offset + size <= begin_ + bytes_.size();
}

/// No more than there is.
Result<void> SegmentWindow::load(std::uint64_t offset, std::size_t size) {
  begin_ = offset;
  bytes_.resize(std::min<std::uint64_t>(size, size_ - std::min(offset, size_)));
  std::size_t have = 0;
  while (have < bytes_.size()) {
    const ssize_t got = ::pread(file_.get(), bytes_.data() + have, bytes_.size() - have,
                                static_cast<off_t>(begin_ + have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("read", path_, errno);
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  bytes_.resize(have);
  return {};
}

}  // namespace conclave::raft
