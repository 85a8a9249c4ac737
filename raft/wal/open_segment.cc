#include "raft/wal/open_segment.h"

#include <fcntl.h>
#include <linux/stat.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/core/assert.h"

namespace conclave::raft {
namespace {

constexpr std::uint64_t block_bytes = 4096;
constexpr std::size_t blocks_at_once = 256;
/// A buffer that one huge batch has grown is given back.
constexpr std::size_t kept_blocks_max = 1024;

std::uint64_t round_up(std::uint64_t value) {
  return (value + block_bytes - 1) / block_bytes * block_bytes;
}

/// Whether blocks of ours may be written directly. File systems that do not say are not tried.
bool takes_direct_writes(int file) {
  struct statx status{};
  if (::statx(file, "", AT_EMPTY_PATH, STATX_DIOALIGN, &status) != 0) return false;
  const auto divides = [](std::uint32_t alignment) {
    return alignment != 0 && block_bytes % alignment == 0;
  };
  return (status.stx_mask & STATX_DIOALIGN) != 0 && divides(status.stx_dio_mem_align) &&
         divides(status.stx_dio_offset_align);
}

}  // namespace

Result<OpenSegment> OpenSegment::open(const std::string& path) {
  OpenSegment segment;
  segment.path_ = path;
  CONCLAVE_TRY_ASSIGN(segment.file_, open_file(path, O_RDWR | O_CREAT | O_DSYNC));
  const int file = segment.file_.get();
  const off_t size = ::lseek(file, 0, SEEK_END);
  if (size < 0) return fail_errno("find the size of", path, errno);
  segment.filled_ = round_up(static_cast<std::uint64_t>(size));
  if (takes_direct_writes(file)) {
    const int flags = ::fcntl(file, F_GETFL);
    segment.direct_ = ::fcntl(file, F_SETFL, flags | O_DIRECT) == 0;
  }
  return segment;
}

Result<void> OpenSegment::go_to(std::uint64_t end) {
  end_ = end;
  if (end % block_bytes == 0) return {};
  blocks_.resize(1);
  const std::uint64_t from = end / block_bytes * block_bytes;
  const ssize_t got = ::pread(file_.get(), bytes(), block_bytes, static_cast<off_t>(from));
  if (got < 0) return fail_errno("read", path_, errno);
  CONCLAVE_ASSERT_WHY(from + static_cast<std::uint64_t>(got) >= end, "recovery read it");
  return {};
}

Result<void> OpenSegment::append(std::string_view bytes) {
  CONCLAVE_TRY(write(lay_out(bytes)));
  appended(bytes.size());
  return {};
}

OpenSegment::Write OpenSegment::lay_out(std::string_view bytes) {
  const std::uint64_t begun = end_ % block_bytes;
  const std::uint64_t size = begun + bytes.size();
  if (size == 0) return {};
  blocks_.resize(round_up(size) / block_bytes);
  std::ranges::copy(bytes, this->bytes() + begun);
  std::fill(this->bytes() + size, this->bytes() + round_up(size), '\0');
  return {file_.get(), end_ - begun, view(blocks_)};
}

void OpenSegment::appended(std::size_t bytes) {
  end_ += bytes;
  filled_ = std::max(filled_, round_up(end_));
  if (blocks_.empty()) return;
  blocks_.front() = blocks_.back();
  blocks_.resize(1);
  if (blocks_.capacity() > kept_blocks_max) blocks_.shrink_to_fit();
}

Result<void> OpenSegment::fill_to(std::uint64_t until) {
  std::vector<Block> zeros;
  while (filled_ < until) {
    zeros.resize(std::min<std::uint64_t>(round_up(until - filled_) / block_bytes, blocks_at_once));
    CONCLAVE_TRY(write({file_.get(), filled_, view(zeros)}));
    filled_ += zeros.size() * block_bytes;
  }
  return {};
}

Result<void> OpenSegment::zero_rest() {
  CONCLAVE_TRY(append({}));
  std::vector<Block> read(blocks_at_once);
  const std::vector<Block> zero(1);
  for (std::uint64_t at = round_up(end_); at < filled_;) {
    const ssize_t got =
        ::pread(file_.get(), read.data(), read.size() * block_bytes, static_cast<off_t>(at));
    if (got < 0) return fail_errno("read", path_, errno);
    if (got == 0) break;
    const std::uint64_t count = round_up(static_cast<std::uint64_t>(got)) / block_bytes;
    for (std::size_t i = 0; i < count; ++i) {
      if (read[i].bytes == zero[0].bytes) continue;
      CONCLAVE_TRY(write({file_.get(), at + i * block_bytes, view(zero)}));
    }
    at += count * block_bytes;
  }
  if (::fdatasync(file_.get()) != 0) return fail_errno("sync", path_, errno);
  return {};
}

std::string_view OpenSegment::view(const std::vector<Block>& blocks) {
  return {reinterpret_cast<const char*>(blocks.data()), blocks.size() * block_bytes};
}

Result<void> OpenSegment::write(const Write& write) {
  std::string_view bytes = write.blocks;
  std::uint64_t offset = write.offset;
  while (!bytes.empty()) {
    const ssize_t written =
        ::pwrite(write.file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return fail_errno("write", path_, written < 0 ? errno : ENOSPC);
    bytes.remove_prefix(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return {};
}

}  // namespace conclave::raft
