#pragma once

/// Appends batches to the last segment, one fdatasync each; begins new segments and drops old ones.
/// Blocking: belongs to the wal thread once the log is open. No error can be repaired by trying
/// again: the caller ends the process (design section 5).

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/core/duration.h"
#include "base/core/result.h"
#include "base/run/file.h"
#include "raft/core/snapshot.h"
#include "raft/wal/format.h"
#include "raft/wal/recovery.h"
#include "raft/wal/summary.h"

namespace conclave::raft {

struct WriterOptions {
  std::string directory;
  std::uint64_t segment_bytes = 64 << 20;
  /// Zeros are written this far ahead, so that a batch lands on blocks that were written before.
  std::uint64_t fill_bytes = 1 << 20;
  std::size_t spares_max = 2;
};

class LogWriter {
 public:
  /// Makes a new log whose first batch has `first` and boot counter 1. It is there whole or not at
  /// all.
  static Result<LogWriter> create(WriterOptions options, const LogIdentity& identity,
                                  std::string first);
  /// The same of a log that begins after `base`, with that hard state and no entries.
  static Result<LogWriter> create_after(WriterOptions options, const LogIdentity& identity,
                                        const LogBase& base, const HardState& hard_state);
  /// Goes on where recovery ended: removes leftovers, zeroes what follows the end, and writes a
  /// batch with the next boot counter.
  static Result<LogWriter> resume(WriterOptions options, const LogContents& log);

  /// Seals unsealed records (whose last one is a commit record) as one batch, and returns when it
  /// is durable. Entries at or below the last index replace what was there.
  Result<void> append(std::string& records);
  /// The same as the first batch of a log that begins after `base`: what was there before is
  /// forgotten, except hard state, boot counter and the numbers of batches. A crash leaves the old
  /// log or the new one.
  Result<void> reset(const LogBase& base, std::string& records);
  /// Drops segments that hold nothing above `through`.
  Result<void> release(Index through);
  /// When there is nothing else to do: writes zeros ahead of the next batch.
  Result<void> fill_ahead();

  const LogSummary& summary() const { return summary_; }
  /// Time that the last fdatasync of a batch took.
  Nanos last_sync() const { return last_sync_; }
  const std::vector<SegmentExtent>& segments() const { return segments_; }

 private:
  explicit LogWriter(WriterOptions options) : options_(std::move(options)) {}

  static Result<LogWriter> prepare(WriterOptions options, const LogIdentity& identity);
  Result<void> write_first(std::string records);
  Result<void> open_last(const LogContents& log);
  Result<void> zero_rest();
  Result<void> roll(std::size_t batch_bytes);
  std::string take_segment_file();
  Result<void> begin_segment(const std::string& path, std::size_t batch_bytes,
                             bool begins_anew = false);
  Result<void> publish(const std::string& path);
  Result<void> write_batch(std::string& records);
  Result<void> write_at(std::uint64_t offset, std::string_view bytes);
  Result<void> fill_to(std::uint64_t offset);
  Result<void> sync();
  void take_up(std::string_view records);
  Result<void> drop_segment(std::uint64_t id);
  std::string path() const;

  WriterOptions options_;
  LogIdentity identity_;
  LogSummary summary_;
  std::vector<SegmentExtent> segments_;  ///< The last one is written to.
  std::vector<std::string> spares_;
  std::uint64_t last_batch_ = 0;

  Descriptor file_;
  std::string path_;
  std::uint32_t seed_ = 0;
  std::uint64_t end_ = 0;       ///< Where the next batch goes.
  std::uint64_t filled_ = 0;    ///< Blocks below were written before.
  std::uint64_t capacity_ = 0;  ///< A batch must end at or below.
  Nanos last_sync_{};
};

}  // namespace conclave::raft
