#include "daemon/store/lmdb_rows.h"

#include <fmt/format.h>
#include <lmdb.h>

#include "base/core/assert.h"
#include "base/core/crc32c.h"
#include "base/core/text.h"
#include "base/run/log.h"

namespace conclave::daemon {
namespace {

MDB_val as_value(std::string_view bytes) { return {bytes.size(), const_cast<char*>(bytes.data())}; }

std::string_view as_view(const MDB_val& value) {
  return {static_cast<const char*>(value.mv_data), value.mv_size};
}

[[noreturn]] void die_lmdb(std::string_view doing, const Environment& environment, int code) {
  die("store", fail_lmdb(doing, environment.directory(), code).error().message);
}

[[noreturn]] void die_damaged(std::string_view key, const Environment& environment) {
  die("store",
      fmt::format("the row with key 0x{} in {}/data.mdb is damaged: its checksum does not agree; "
                  "check the disk, then rebuild this server's state (docs/formats.md section 3)",
                  encode_hex(key), environment.directory()));
}

}  // namespace

std::optional<std::string_view> RowReading::get(std::string_view key) {
  MDB_val mdb_key = as_value(key);
  MDB_val value{};
  const int code = mdb_get(txn_, environment_.rows(), &mdb_key, &value);
  if (code == MDB_NOTFOUND) return std::nullopt;
  if (code != 0) die_lmdb("read a row", environment_, code);
  const RowFrame frame = checked_frame(key, as_view(value));
  if (frame.kind == RowKind::in_place) return frame.row;
  assemble(key, frame.chunked, assembled_.emplace_back());
  return assembled_.back();
}

void RowReading::scan(std::string_view from, ReadRows::Visitor visit) {
  MDB_cursor* cursor = take_cursor();
  MDB_val key = as_value(from);
  MDB_val value{};
  std::string whole;
  int code = mdb_cursor_get(cursor, &key, &value, from.empty() ? MDB_FIRST : MDB_SET_RANGE);
  while (code == 0) {
    const RowFrame frame = checked_frame(as_view(key), as_view(value));
    std::string_view row = frame.row;
    if (frame.kind == RowKind::chunked) {
      assemble(as_view(key), frame.chunked, whole);
      row = whole;
    }
    if (!visit(as_view(key), row)) break;
    code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
  }
  if (code != 0 && code != MDB_NOTFOUND) die_lmdb("scan rows", environment_, code);
  give_back(cursor);
}

Position RowReading::position() {
  MDB_val key = as_value("position");
  MDB_val value{};
  const int code = mdb_get(txn_, environment_.meta(), &key, &value);
  if (code != 0) die_lmdb("read the applied position", environment_, code);
  Result<Position> position = decode_position(as_view(value));
  if (!position) die("store", position.error().message + " in " + environment_.directory());
  return *position;
}

void RowReading::assemble(std::string_view key, const ChunkedRow& row, std::string& out) {
  out.clear();
  for (std::uint32_t number = 0; number < row.chunk_count(); ++number) {
    const std::string name = chunk_key(row.chunk_id, number);
    MDB_val chunk = as_value(name);
    MDB_val value{};
    const int code = mdb_get(txn_, environment_.chunks(), &chunk, &value);
    if (code == MDB_NOTFOUND) die_damaged(key, environment_);
    if (code != 0) die_lmdb("read a piece of a row", environment_, code);
    out.append(as_view(value));
  }
  if (out.size() != row.size || crc32c(out) != row.crc) die_damaged(key, environment_);
}

RowFrame RowReading::checked_frame(std::string_view key, std::string_view framed) const {
  const std::optional<RowFrame> frame = read_frame(key, framed);
  if (!frame) die_damaged(key, environment_);
  return *frame;
}

MDB_cursor* RowReading::take_cursor() {
  MDB_cursor* cursor = nullptr;
  int code = 0;
  if (idle_cursors_.empty()) {
    code = mdb_cursor_open(txn_, environment_.rows(), &cursor);
  } else {
    cursor = idle_cursors_.back();
    idle_cursors_.pop_back();
    // A write transaction's cursor needs no renewal: it lives and dies with its transaction.
    code = mdb_cursor_renew(txn_, cursor);
    if (code == EINVAL) code = 0;
  }
  if (code != 0) die_lmdb("open a cursor", environment_, code);
  return cursor;
}

void RowReading::close_cursors() {
  for (MDB_cursor* cursor : idle_cursors_) mdb_cursor_close(cursor);
  idle_cursors_.clear();
}

LmdbRows::LmdbRows(const Environment& environment, MDB_txn* txn, const Position& before)
    : environment_(environment), txn_(txn), reading_(environment, txn), position_(before) {
  if (const int code = mdb_cursor_open(txn_, environment_.rows(), &cursor_); code != 0) {
    die_lmdb("open a cursor", environment_, code);
  }
}

LmdbRows::~LmdbRows() { close_cursors(); }

void LmdbRows::close_cursors() {
  reading_.close_cursors();
  if (cursor_ != nullptr) mdb_cursor_close(std::exchange(cursor_, nullptr));
}

void LmdbRows::put(std::string_view key, std::string_view row) {
  CONCLAVE_ASSERT(!key.empty());
  CONCLAVE_ASSERT(key.size() <= row_key_bytes_max);
  const std::uint64_t key_hash = hash64(key);
  const std::uint64_t hash = hash64(row, key_hash);
  bytes_written_ += key.size() + row.size();

  // Framed before the old row goes: `row` may be a view of it.
  if (fits_in_place(key, row)) {
    frame_in_place(framed_, key, row);
  } else {
    frame_in_chunks(key, row, hash);
  }

  MDB_val mdb_key = as_value(key);
  MDB_val old{};
  const int code = mdb_cursor_get(cursor_, &mdb_key, &old, MDB_SET);
  if (code != 0 && code != MDB_NOTFOUND) die_lmdb("find a row", environment_, code);
  if (code == 0) remove_old(key, key_hash, as_view(old));
  position_.rows += 1;
  position_.state_hash += hash;
  put_row(key, code == 0 && old.mv_size == framed_.size());
  reading_.forget_assembled();
}

void LmdbRows::erase(std::string_view key) {
  MDB_val mdb_key = as_value(key);
  MDB_val old{};
  int code = mdb_cursor_get(cursor_, &mdb_key, &old, MDB_SET);
  if (code == MDB_NOTFOUND) return;
  if (code != 0) die_lmdb("find a row", environment_, code);
  bytes_written_ += key.size();
  remove_old(key, hash64(key), as_view(old));
  if (code = mdb_cursor_del(cursor_, 0); code != 0) die_lmdb("erase a row", environment_, code);
  reading_.forget_assembled();
}

/// Takes a row out of the sums, and its pieces out of the file; the row itself stays to be replaced
/// or erased.
void LmdbRows::remove_old(std::string_view key, std::uint64_t key_hash, std::string_view framed) {
  const RowFrame frame = reading_.checked_frame(key, framed);
  position_.rows -= 1;
  if (frame.kind == RowKind::in_place) {
    position_.state_hash -= hash64(frame.row, key_hash);
    return;
  }
  position_.state_hash -= frame.chunked.hash;
  for (std::uint32_t number = 0; number < frame.chunked.chunk_count(); ++number) {
    const std::string name = chunk_key(frame.chunked.chunk_id, number);
    MDB_val chunk = as_value(name);
    const int code = mdb_del(txn_, environment_.chunks(), &chunk, nullptr);
    if (code == MDB_NOTFOUND) die_damaged(key, environment_);
    if (code != 0) die_lmdb("erase a piece of a row", environment_, code);
  }
}

void LmdbRows::frame_in_chunks(std::string_view key, std::string_view row, std::uint64_t hash) {
  const ChunkedRow chunked{
      .size = row.size(), .chunk_id = position_.next_chunk_id++, .hash = hash, .crc = crc32c(row)};
  for (std::uint32_t number = 0; number < chunked.chunk_count(); ++number) {
    const std::string name = chunk_key(chunked.chunk_id, number);
    MDB_val chunk = as_value(name);
    MDB_val piece = as_value(row.substr(number * chunk_bytes, chunk_bytes));
    // Ids ascend, so pieces always go to the end: full pages, no search.
    const int code = mdb_put(txn_, environment_.chunks(), &chunk, &piece, MDB_APPEND);
    if (code != 0) die_lmdb("write a piece of a row", environment_, code);
  }
  frame_chunked(framed_, key, chunked);
}

void LmdbRows::put_row(std::string_view key, bool same_size_exists) {
  MDB_val mdb_key = as_value(key);
  MDB_val value = as_value(framed_);
  // With equal sizes the row is overwritten where the cursor stands; MDB_CURRENT with another size
  // has had bugs (fixed in 0.9.31), and a put on a cursor that stands on the page searches that
  // page only.
  const unsigned flags = same_size_exists ? MDB_CURRENT : 0;
  const int code = mdb_cursor_put(cursor_, &mdb_key, &value, flags);
  if (code != 0) die_lmdb("write a row", environment_, code);
}

Position LmdbRows::finish(AppliedPosition applied) {
  close_cursors();
  position_.applied = applied;
  const std::string bytes = encode_position(position_);
  MDB_val key = as_value("position");
  MDB_val value = as_value(bytes);
  const int code = mdb_put(txn_, environment_.meta(), &key, &value, 0);
  if (code != 0) die_lmdb("write the applied position", environment_, code);
  return position_;
}

}  // namespace conclave::daemon
