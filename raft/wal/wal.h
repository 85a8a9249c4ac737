#pragma once

/// The write-ahead log as the Raft host sees it: raft::LogPort. Bytes and recovery: docs/formats.md
/// section 2.
///
/// A batch that goes onto blocks which were written before is begun on main and waited for by
/// nobody (raft/wal/async_writes.h). Everything else is for the wal thread, which may be blocked by
/// the disk: the first batch of a segment, filling ahead, dropping segments, and all batches where
/// the system or the file system cannot do the former.
///
/// Entries are read back beside all that, on a thread that is there from the first read on.
///
/// Threads: all members are main's, except that writer and batch are the wal thread's while it has
/// jobs, and the reader is the reading thread's. Completions come through main's loop. Any failed
/// write or sync ends the process: nothing retries an fsync.

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/core/result.h"
#include "base/run/loop.h"
#include "base/run/metrics.h"
#include "raft/core/ports.h"
#include "raft/wal/async_writes.h"
#include "raft/wal/entry_reader.h"
#include "raft/wal/writer.h"

namespace conclave::raft {

struct WalOptions {
  std::string directory;  ///< <data_dir>/raft/wal; made by create().
  std::uint64_t segment_bytes = 64 << 20;
  /// Zeros are written this far ahead of the end, so that start is quick and writes hit blocks that
  /// were written before.
  std::uint64_t fill_bytes = 1 << 20;
  /// Where all writes and reads run; empty = as above. The crash explorer steps them by hand. It
  /// runs what it is given in order, and nothing after the log's end.
  std::function<void(std::function<void()>)> worker;
};

/// What a start finds.
struct RecoveredLog {
  LogIdentity identity;
  std::uint64_t boot_counter = 0;  ///< Of this start: already durable.
  HardState hard_state;
  Index base_index;  ///< The checkpoint's.
  Term base_term;
  Configuration configuration;  ///< In force at base_index; empty = none in the log up to there.
  std::vector<Entry> entries;   ///< All after base, contiguous.
  Index commit_index;  ///< At least base_index: start applies up to here before serving any read.
  bool torn = false;   ///< The end of an unacknowledged batch was cut off.
  bool was_behind = false;  ///< It knew nothing of the snapshot that the state is; it begins after.
};

class Wal final : public LogPort {
 public:
  struct Opened {
    std::unique_ptr<Wal> wal;
    RecoveredLog recovered;
  };

  static bool exists(const std::string& directory);
  /// First-time initialisation with the entries that every first member writes
  /// (raft/core/configuration.h, first_entry()). The log is there with them or not at all. Error
  /// `exists`: there is one.
  static Result<Opened> create(const WalOptions& options, const LogIdentity& identity,
                               std::span<const Entry> first, Loop& main, Metrics& metrics);
  /// Recovers. `checkpoint` is what the state has applied durably; `installed`: that is what a
  /// snapshot held, and no more. A crash between its installation and reset() left a log that does
  /// not reach so far, or another history; the reset is then made up for. Errors: not_found;
  /// `corrupt` with segment, offset and what to do: this server must not vote with this log. `main`
  /// need not run yet.
  static Result<Opened> open(const WalOptions& options, Index checkpoint, Loop& main,
                             Metrics& metrics, const std::optional<LogBase>& installed = {});
  ~Wal() override;

  void write(const HardState* hard_state, std::span<const Entry> entries, Index commit,
             std::function<void()> durable) override;
  void reset(const LogBase& base, const HardState* hard_state, std::span<const Entry> entries,
             Index commit, std::function<void()> durable) override;
  void release(Index through) override;
  void read(const EntryRange& range, std::uint64_t bytes_max,
            std::function<void(Result<std::vector<Entry>>)> done) override;

 private:
  Wal(const WalOptions& options, const LogIdentity& identity, LogWriter writer, Loop& main,
      Metrics& metrics);
  void lay_out(const HardState* hard_state, std::span<const Entry> entries, Index commit,
               std::function<void()> durable);
  bool begin_batch();
  void begun_batch_ended(std::int64_t result);
  void finish_on_thread();
  void batch_is_durable();
  void run_on_thread(std::function<Result<void>()> job, std::function<void()> then);
  void run_beside(std::function<void()> job);
  [[noreturn]] void die_of(const Error& error) const;

  Loop& main_;
  LogWriter writer_;
  std::size_t jobs_ = 0;                ///< That the wal thread has.
  std::unique_ptr<AsyncWrites> async_;  ///< Null: cannot be had.
  bool begun_in_flight_ = false;        ///< A batch that no thread waits for.
  std::optional<Index> release_after_batch_;
  std::function<void(std::function<void()>)> worker_;
  std::optional<Loop> loop_;  ///< Unless options gave a worker.
  std::thread thread_;
  EntryReader reader_;
  std::optional<Loop> reading_loop_;
  std::thread reading_thread_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< For what is posted to main.

  std::string batch_;
  std::function<void()> durable_;  ///< Set while a write is in flight.
  Histogram& write_duration_;
  Counter& bytes_written_;
};

}  // namespace conclave::raft
