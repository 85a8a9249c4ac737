#include "daemon/snapshot/snapshot_reader.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/core/assert.h"
#include "base/core/bytes.h"
#include "base/core/text.h"
#include "daemon/store/row_frame.h"

namespace conclave::daemon {

Result<SnapshotReader> SnapshotReader::open(const std::string& path) {
  CONCLAVE_TRY_ASSIGN(Descriptor file, open_file(path, O_RDONLY));
  return read(std::move(file), path);
}

Result<SnapshotReader> SnapshotReader::read(Descriptor file, std::string name) {
  SnapshotReader reader(std::move(file), std::move(name));
  struct stat status{};
  if (::fstat(reader.file_.get(), &status) != 0) {
    return fail_errno("find the size of", reader.name_, errno);
  }
  reader.size_ = static_cast<std::uint64_t>(status.st_size);
  CONCLAVE_TRY(reader.read_header());
  return reader;
}

Result<void> SnapshotReader::read_header() {
  CONCLAVE_TRY(read_bytes(buffer_, snapshot_header_fixed_bytes));
  CONCLAVE_TRY_ASSIGN(const std::size_t size, snapshot_header_size(buffer_));
  std::string rest;
  CONCLAVE_TRY(read_bytes(rest, size - snapshot_header_fixed_bytes));
  CONCLAVE_TRY_ASSIGN(header_, decode_snapshot_header(buffer_ + rest));
  return {};
}

Result<bool> SnapshotReader::next() {
  CONCLAVE_ASSERT(!ended_);
  if (rest_.empty()) {
    key_.assign(current_.key);
    current_ = {};
    CONCLAVE_TRY(read_block());
    if (ended_) return false;
  } else {
    key_.assign(current_.key);
  }
  const std::optional<SnapshotRow> row = take_row(rest_);
  if (!row) return damaged("a row cannot be read");
  if (row->key <= key_) return damaged("its keys do not ascend");
  current_ = *row;
  rows_ += 1;
  state_hash_ += row_hash(row->key, row->row);
  return true;
}

Result<void> SnapshotReader::read_block() {
  CONCLAVE_TRY(read_bytes(buffer_, block_head_bytes));
  CONCLAVE_TRY_ASSIGN(const BlockHead head, decode_block_head(buffer_));
  CONCLAVE_TRY(read_bytes(buffer_, head.size));
  if (!block_is_intact(head, next_block_, buffer_)) {
    return damaged(fmt::format("the checksum of block {} does not agree", next_block_));
  }
  next_block_ += 1;
  if (head.is_trailer) return check_end(buffer_);
  rest_ = buffer_;
  return {};
}

Result<void> SnapshotReader::check_end(std::string_view trailer) {
  ByteReader reader(trailer);
  const std::uint64_t rows = reader.u64_le();
  const std::uint64_t state_hash = reader.u64_le();
  if (rows != rows_ || rows != header_.rows || state_hash != state_hash_ ||
      state_hash != header_.state_hash) {
    return damaged("its sums are not those of its rows");
  }
  if (at_ != size_) return damaged("something follows its end");
  ended_ = true;
  id_ = encode_hex(digest_.finish());
  return {};
}

Result<void> SnapshotReader::read_bytes(std::string& into, std::size_t count) {
  if (count > size_ - at_) return damaged("it ends too early");
  into.resize(count);
  for (std::size_t done = 0; done < count;) {
    const ssize_t got = ::pread(file_.get(), into.data() + done, count - done,
                                static_cast<off_t>(at_ + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("read", name_, errno);
    if (got == 0) return damaged("it ends too early");
    done += static_cast<std::size_t>(got);
  }
  at_ += count;
  digest_.add(into);
  return {};
}

std::unexpected<Error> SnapshotReader::damaged(std::string_view what) const {
  return fail(ErrorCode::corrupt, fmt::format("the snapshot {} is damaged at byte {}: {}", name_,
                                              at_, what));
}

Result<SnapshotHeader> verify_snapshot(const std::string& path, std::string_view id) {
  CONCLAVE_TRY_ASSIGN(SnapshotReader reader, SnapshotReader::open(path));
  for (;;) {
    CONCLAVE_TRY_ASSIGN(const bool more, reader.next());
    if (!more) break;
  }
  if (reader.id() != id) {
    return fail(ErrorCode::corrupt, fmt::format("the snapshot {} is not the one with SHA-256 {}",
                                                path, id));
  }
  return reader.header();
}

}  // namespace conclave::daemon
