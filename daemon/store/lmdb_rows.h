#pragma once

/// Rows over an LMDB transaction: framing, checksums, chunks and the state hash, all invisible
/// above the Rows port. A row whose checksum does not agree ends the process: nothing may be built
/// on it (design section 9, faults).
///
/// Not thread-safe; used on the thread that owns the transaction.

#include <deque>
#include <string>
#include <vector>

#include "daemon/store/environment.h"
#include "daemon/store/row_frame.h"
#include "daemon/store/rows.h"

namespace conclave::daemon {

/// The reading that read and write transactions have in common. Cursors are kept for reuse.
class RowReading {
 public:
  RowReading(const Environment& environment, MDB_txn* txn) : environment_(environment), txn_(txn) {}
  ~RowReading() { close_cursors(); }
  RowReading(const RowReading&) = delete;
  RowReading& operator=(const RowReading&) = delete;

  std::optional<std::string_view> get(std::string_view key);
  void scan(std::string_view from, ReadRows::Visitor visit);
  Position position();

  /// Reads a chunked row whole.
  void assemble(std::string_view key, const ChunkedRow& row, std::string& out);
  RowFrame checked_frame(std::string_view key, std::string_view framed) const;
  /// Ends what was handed out of chunked rows.
  void forget_assembled() { assembled_.clear(); }
  /// Before the end of a write transaction; a read transaction's cursors may outlive a reset.
  void close_cursors();

 private:
  MDB_cursor* take_cursor();
  void give_back(MDB_cursor* cursor) { idle_cursors_.push_back(cursor); }

  const Environment& environment_;
  MDB_txn* txn_;
  std::vector<MDB_cursor*> idle_cursors_;
  std::deque<std::string> assembled_;
};

/// A read transaction's rows.
class LmdbReadRows final : public ReadRows {
 public:
  LmdbReadRows(const Environment& environment, MDB_txn* txn) : reading_(environment, txn) {}
  std::optional<std::string_view> get(std::string_view key) const override {
    return reading_.get(key);
  }
  void scan(std::string_view from, Visitor visit) const override { reading_.scan(from, visit); }
  RowReading& reading() const { return reading_; }

 private:
  mutable RowReading reading_;
};

/// A write transaction's rows. Keeps the position's sums up to date; finish() writes them.
class LmdbRows final : public Rows {
 public:
  LmdbRows(const Environment& environment, MDB_txn* txn, const Position& before);
  ~LmdbRows() override;

  std::optional<std::string_view> get(std::string_view key) const override {
    return reading_.get(key);
  }
  void scan(std::string_view from, Visitor visit) const override { reading_.scan(from, visit); }
  void put(std::string_view key, std::string_view row) override;
  void erase(std::string_view key) override;

  /// Writes the position with this applied position, and closes the cursors. Then the transaction
  /// may be committed.
  Position finish(AppliedPosition applied);
  void close_cursors();
  std::uint64_t bytes_written() const { return bytes_written_; }

 private:
  void remove_old(std::string_view key, std::uint64_t key_hash, std::string_view framed);
  void frame_in_chunks(std::string_view key, std::string_view row, std::uint64_t hash);
  void put_row(std::string_view key, bool same_size_exists);

  const Environment& environment_;
  MDB_txn* txn_;
  mutable RowReading reading_;
  Position position_;
  MDB_cursor* cursor_ = nullptr;
  std::string
      framed_;  ///< Scratch: the row to write, copied so that it may be a view of an old one.
  std::uint64_t bytes_written_ = 0;
};

}  // namespace conclave::daemon
