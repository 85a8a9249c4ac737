#include "daemon/snapshot/snapshot_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/core/assert.h"
#include "base/core/text.h"
#include "daemon/state/state_machine.h"
#include "daemon/store/write_out.h"

namespace conclave::daemon {
namespace {

constexpr std::size_t piece_bytes = 1 << 20;

}  // namespace

Result<std::unique_ptr<SnapshotWriter>> SnapshotWriter::begin(std::string path, GenerationStore::Frozen state,
                                                              std::string configuration) {
  CONCLAVE_TRY_ASSIGN(Descriptor file, open_file(path, O_WRONLY | O_CREAT | O_TRUNC));
  std::unique_ptr<SnapshotWriter> writer(
      new SnapshotWriter(std::move(path), std::move(file), std::move(state)));
  const GenerationStore::Frozen& frozen = *writer->state_;
  writer->header_ = {.applied = frozen.applied,
                     .feature_level = feature_level(frozen.snapshot.rows()),
                     .revision = stored_revision(frozen.snapshot.rows()),
                     .rows = frozen.rows,
                     .state_hash = frozen.state_hash,
                     .configuration = std::move(configuration)};
  writer->out_ = encode_snapshot_header(writer->header_);
  return writer;
}

SnapshotWriter::~SnapshotWriter() {
  if (id_.empty()) ::unlink(path_.c_str());
}

Result<bool> SnapshotWriter::step() {
  CONCLAVE_ASSERT_WHY(id_.empty(), "it is whole already");
  bool more = false;
  state_->snapshot.rows().scan(last_key_, [&](std::string_view key, std::string_view row) {
    if (key == last_key_) return true;
    more = !take(key, row);
    return !more;
  });
  if (!more) {
    end_block();
    append_trailer(out_, next_block_, header_.rows, header_.state_hash);
    state_.reset();
  }
  CONCLAVE_TRY(write_piece());
  if (more) return false;
  if (::fsync(file_.get()) != 0) return fail_errno("sync", path_, errno);
  id_ = encode_hex(digest_.finish());
  return true;
}

/// False when this is enough for a piece.
bool SnapshotWriter::take(std::string_view key, std::string_view row) {
  append_row(block_, key, row);
  last_key_.assign(key);
  if (block_.size() >= block_bytes) end_block();
  return out_.size() < piece_bytes;
}

void SnapshotWriter::end_block() {
  if (block_.empty()) return;
  append_block(out_, next_block_++, block_);
  block_.clear();
}

Result<void> SnapshotWriter::write_piece() {
  CONCLAVE_TRY(write_all(file_.get(), out_, path_));
  digest_.add(out_);
  const std::uint64_t from = size_;
  size_ += out_.size();
  out_.clear();
  return write_out(file_.get(), from, size_, path_);
}

}  // namespace conclave::daemon
