#pragma once

/// Appends batches to the last segment, one durable write each; begins new segments and drops old
/// ones. Blocking, but for begin_append(); no thread of its own: see raft/wal/wal.h. No error can
/// be repaired by trying again: the caller ends the process (design section 5).

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/core/duration.h"
#include "base/core/result.h"
#include "raft/core/snapshot.h"
#include "raft/wal/format.h"
#include "raft/wal/open_segment.h"
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
  /// The same for who does the write itself, if it is one of blocks that were written before, past
  /// the page cache, and not large; else nullopt, and append() is to be called. Then
  /// end_append() once all is written, or finish_append(), which writes it.
  std::optional<OpenSegment::Write> begin_append(std::string& records);
  const OpenSegment::Write& begun() const { return begun_; }
  void end_append(std::size_t bytes);
  Result<void> finish_append(std::size_t bytes);
  /// The same as the first batch of a log that begins after `base`: what was there before is
  /// forgotten, except hard state, boot counter and the numbers of batches. A crash leaves the old
  /// log or the new one.
  Result<void> reset(const LogBase& base, std::string& records);
  /// Drops segments that hold nothing above `through`.
  Result<void> release(Index through);
  /// When there is nothing else to do: writes zeros ahead of the next batch.
  bool wants_filling() const;
  Result<void> fill_ahead();

  const LogSummary& summary() const { return summary_; }
  /// Time until the last batch was durable.
  Nanos last_write() const { return last_write_; }
  const std::vector<SegmentExtent>& segments() const { return segments_; }
  /// Of the segment that is written to.
  std::string path() const;

 private:
  explicit LogWriter(WriterOptions options) : options_(std::move(options)) {}

  static Result<LogWriter> prepare(WriterOptions options, const LogIdentity& identity);
  Result<void> write_first(std::string records);
  Result<void> open_last(const LogContents& log);
  Result<void> roll(std::size_t batch_bytes);
  std::string take_segment_file();
  Result<void> begin_segment(const std::string& path, std::size_t batch_bytes,
                             bool begins_anew = false);
  Result<void> publish(const std::string& path);
  void replace_from_first_entry(std::string& records) const;
  void seal(std::string& records);
  const OpenSegment::Write& lay_out(std::string_view records);
  Result<void> write_batch(std::string& records);
  std::uint64_t fill_target(std::uint64_t end) const;
  void take_up(std::string_view records);
  Result<void> drop_segment(std::uint64_t id);

  WriterOptions options_;
  LogIdentity identity_;
  LogSummary summary_;
  std::vector<SegmentExtent> segments_;  ///< The last one is written to.
  std::vector<std::string> spares_;
  std::uint64_t last_batch_ = 0;

  OpenSegment file_;
  std::uint32_t seed_ = 0;
  std::uint64_t capacity_ = 0;  ///< A batch must end at or below.
  OpenSegment::Write begun_;    ///< By begin_append().
  Nanos began_{};               ///< The last append, by the boot clock.
  Nanos last_write_{};
};

}  // namespace conclave::raft
