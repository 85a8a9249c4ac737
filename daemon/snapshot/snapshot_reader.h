#pragma once

/// Reads a snapshot file from its beginning to its end, one block in memory at a time, and trusts
/// nothing in it: checksums, order of keys, number of rows and state hash are checked. Blocking; one
/// thread.

#include <cstdint>
#include <optional>
#include <string>

#include "base/core/hash.h"
#include "base/core/result.h"
#include "base/run/file.h"
#include "daemon/snapshot/row_source.h"
#include "daemon/snapshot/stream.h"

namespace conclave::daemon {

class SnapshotReader final : public RowSource {
 public:
  static Result<SnapshotReader> open(const std::string& path);
  /// Of a file that is open; `name` is for errors.
  static Result<SnapshotReader> read(Descriptor file, std::string name);

  const SnapshotHeader& header() const { return header_; }
  /// False once the trailer was found right and nothing follows it.
  Result<bool> next() override;
  std::string_view key() const override { return current_.key; }
  std::string_view row() const override { return current_.row; }
  /// SHA-256 of the file, in hexadecimal digits, after next() gave false.
  std::string id() { return id_; }
  std::uint64_t size() const { return size_; }
  /// What is allocated: bounded however large the file is.
  std::size_t buffer_bytes() const { return buffer_.capacity() + key_.capacity(); }

 private:
  SnapshotReader(Descriptor file, std::string name)
      : file_(std::move(file)), name_(std::move(name)) {}
  Result<void> read_header();
  Result<void> read_block();
  Result<void> read_bytes(std::string& into, std::size_t count);
  Result<void> check_end(std::string_view trailer);
  std::unexpected<Error> damaged(std::string_view what) const;

  Descriptor file_;
  std::string name_;
  SnapshotHeader header_;
  std::uint64_t size_ = 0;
  std::uint64_t at_ = 0;
  std::string buffer_;
  std::string_view rest_;  ///< Rows of the block that were not handed out yet.
  SnapshotRow current_;
  std::string key_;  ///< The one before.
  std::uint64_t next_block_ = 0;
  std::uint64_t rows_ = 0;
  std::uint64_t state_hash_ = 0;
  bool ended_ = false;
  Sha256 digest_;
  std::string id_;
};

/// Reads all of it: what is wrong with it as a snapshot of this id, if anything.
Result<SnapshotHeader> verify_snapshot(const std::string& path, std::string_view id);

}  // namespace conclave::daemon
