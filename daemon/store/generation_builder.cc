#include "daemon/store/generation_builder.h"

#include <lmdb.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "base/core/assert.h"
#include "base/core/crc32c.h"
#include "base/run/file.h"
#include "daemon/store/origin.h"
#include "daemon/store/row_frame.h"
#include "daemon/store/write_out.h"

namespace conclave::daemon {
namespace {

/// Bytes of rows in one LMDB transaction: what may be dirty in memory.
constexpr std::uint64_t piece_bytes_max = 4 << 20;

/// Everything is synced once, at the end.
StoreOptions without_sync(StoreOptions options) {
  options.sync_full = false;
  return options;
}

}  // namespace

GenerationMutant GenerationBuilder::mutant;

GenerationBuilder::GenerationBuilder(const StoreOptions& options, std::uint64_t number)
    : options_(options),
      number_(number),
      directory_(generation_directory(options.directory, number)) {}

Result<std::unique_ptr<GenerationBuilder>> GenerationBuilder::begin(const StoreOptions& options,
                                                                    std::uint64_t number) {
  std::unique_ptr<GenerationBuilder> builder(new GenerationBuilder(options, number));
  std::error_code ignored;
  std::filesystem::remove_all(builder->directory_, ignored);  // What an earlier attempt left.
  CONCLAVE_TRY(make_directories(builder->directory_));
  CONCLAVE_TRY_ASSIGN(builder->environment_,
                      Environment::create(builder->directory_, without_sync(options)));
  return builder;
}

GenerationBuilder::~GenerationBuilder() {
  if (txn_ != nullptr) mdb_txn_abort(txn_);
  if (finished_) return;
  environment_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

Result<void> GenerationBuilder::add(std::string_view key, std::string_view row) {
  CONCLAVE_ASSERT(!key.empty());
  CONCLAVE_ASSERT(key.size() <= row_key_bytes_max);
  CONCLAVE_TRY(begin_piece());
  const std::uint64_t hash = row_hash(key, row);
  if (fits_in_place(key, row)) {
    frame_in_place(framed_, key, row);
  } else {
    CONCLAVE_TRY(put_chunks(key, row, hash));
  }
  CONCLAVE_TRY(append(environment_->rows(), key, framed_));
  position_.rows += 1;
  position_.state_hash += hash;
  piece_bytes_ += key.size() + row.size();
  return {};
}

Result<void> GenerationBuilder::put_chunks(std::string_view key, std::string_view row,
                                           std::uint64_t hash) {
  const ChunkedRow chunked{
      .size = row.size(), .chunk_id = position_.next_chunk_id++, .hash = hash, .crc = crc32c(row)};
  for (std::uint32_t number = 0; number < chunked.chunk_count(); ++number) {
    CONCLAVE_TRY(append(environment_->chunks(), chunk_key(chunked.chunk_id, number),
                        row.substr(number * chunk_bytes, chunk_bytes)));
  }
  frame_chunked(framed_, key, chunked);
  return {};
}

Result<void> GenerationBuilder::append(unsigned database, std::string_view key,
                                       std::string_view value) {
  MDB_val mdb_key{key.size(), const_cast<char*>(key.data())};
  MDB_val mdb_value{value.size(), const_cast<char*>(value.data())};
  const int code = mdb_put(txn_, database, &mdb_key, &mdb_value, MDB_APPEND);
  CONCLAVE_ASSERT_WHY(code != MDB_KEYEXIST, "keys ascend");
  if (code != 0) return fail_lmdb("write a row", directory_, code);
  return {};
}

Result<void> GenerationBuilder::begin_piece() {
  if (txn_ != nullptr) return {};
  const int code = mdb_txn_begin(environment_->handle(), nullptr, 0, &txn_);
  if (code != 0) return fail_lmdb("begin a write transaction", directory_, code);
  return {};
}

Result<void> GenerationBuilder::flush_piece() {
  return piece_bytes_ < piece_bytes_max ? Result<void>{} : end_piece();
}

Result<void> GenerationBuilder::end_piece() {
  piece_bytes_ = 0;
  const int code = mdb_txn_commit(std::exchange(txn_, nullptr));
  if (code != 0) return fail_lmdb("commit", directory_, code);
  return write_out_growth();
}

/// Pages are appended, so what is behind the last end is all but a few of those that are dirty.
Result<void> GenerationBuilder::write_out_growth() {
  struct stat status{};
  const std::string path = directory_ + "/data.mdb";
  if (::fstat(environment_->data_descriptor(), &status) != 0) {
    return fail_errno("find the size of", path, errno);
  }
  const auto size = static_cast<std::uint64_t>(status.st_size);
  const std::uint64_t from = std::exchange(written_out_, size);
  return write_out(environment_->data_descriptor(), from, size, path);
}

Result<void> GenerationBuilder::write_position() {
  CONCLAVE_TRY(begin_piece());
  std::string bytes = encode_position(position_);
  MDB_val key{8, const_cast<char*>("position")};
  MDB_val value{bytes.size(), bytes.data()};
  const int code = mdb_put(txn_, environment_->meta(), &key, &value, 0);
  if (code != 0) return fail_lmdb("write the applied position", directory_, code);
  return end_piece();
}

Result<OpenGeneration> GenerationBuilder::finish(AppliedPosition applied, const Origin* origin) {
  CONCLAVE_ASSERT(!finished_);
  position_.applied = applied;
  CONCLAVE_TRY(write_position());
  if (origin != nullptr) CONCLAVE_TRY(write_origin(directory_, *origin));
  if (mutant.publish_before_sync) CONCLAVE_TRY(publish_generation(options_, number_));
  CONCLAVE_TRY(environment_->sync());

  OpenGeneration open;
  open.number = number_;
  open.directory = directory_;
  open.position = position_;
  if (origin != nullptr) open.origin = *origin;
  CONCLAVE_TRY_ASSIGN(open.checkpoint_sequence,
                      write_both_checkpoints(*environment_, number_, position_, 0));
  if (options_.sync_full) {
    mdb_env_set_flags(environment_->handle(), MDB_NOSYNC, 0);
  } else {
    open.pin = environment_->begin_read();
  }
  open.environment = std::move(environment_);
  finished_ = true;
  if (const Result<void> published = publish_generation(options_, number_); !published) {
    if (open.pin != nullptr) mdb_txn_abort(open.pin);
    return std::unexpected(published.error());
  }
  return open;
}

}  // namespace conclave::daemon
