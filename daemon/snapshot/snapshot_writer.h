#pragma once

/// Writes a state to a snapshot file, a piece at a time, so that whoever steps it can do something
/// else in between. Blocking; one thread at a time.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/core/hash.h"
#include "base/core/result.h"
#include "base/run/file.h"
#include "daemon/snapshot/stream.h"
#include "daemon/store/store.h"

namespace conclave::daemon {

class SnapshotWriter {
 public:
  /// Begins `path`. The state is let go of as soon as its last row is read.
  static Result<std::unique_ptr<SnapshotWriter>> begin(std::string path, GenerationStore::Frozen state,
                                                       std::string configuration);
  /// Removes the file unless all of it was written.
  ~SnapshotWriter();
  SnapshotWriter(const SnapshotWriter&) = delete;
  SnapshotWriter& operator=(const SnapshotWriter&) = delete;

  /// About a MiB more, handed to the disk; true when the file is whole and durable.
  Result<bool> step();

  const SnapshotHeader& header() const { return header_; }
  const std::string& id() const { return id_; }  ///< After the last step.
  std::uint64_t size() const { return size_; }
  std::size_t buffer_bytes() const { return out_.capacity() + block_.capacity(); }

 private:
  SnapshotWriter(std::string path, Descriptor file, GenerationStore::Frozen state)
      : path_(std::move(path)), file_(std::move(file)), state_(std::move(state)) {}
  bool take(std::string_view key, std::string_view row);
  void end_block();
  Result<void> write_piece();

  const std::string path_;
  Descriptor file_;
  std::optional<GenerationStore::Frozen> state_;
  SnapshotHeader header_;
  std::string last_key_;  ///< Rows up to there are in.
  std::string block_;
  std::string out_;
  std::uint64_t next_block_ = 0;
  std::uint64_t size_ = 0;
  Sha256 digest_;
  std::string id_;
};

}  // namespace conclave::daemon
