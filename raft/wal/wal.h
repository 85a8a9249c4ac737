#pragma once

/// The write-ahead log as the Raft host sees it: raft::LogPort on a thread of its own, which does
/// nothing but append, fdatasync, and begin and drop segments. Bytes and recovery: docs/formats.md
/// section 2.
///
/// Threads: all members are main's. Records are laid out on main, sealed and written on the wal
/// thread; completions come back through main's loop. Any failed write or sync ends the process:
/// nothing retries an fsync.

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
#include "raft/wal/writer.h"

namespace conclave::raft {

struct WalOptions {
  std::string directory;  ///< <data_dir>/raft/wal; made by create().
  std::uint64_t segment_bytes = 64 << 20;
  /// Zeros are written this far ahead of the end, so that start is quick and writes hit blocks that
  /// were written before.
  std::uint64_t fill_bytes = 1 << 20;
  /// Where writes run; empty = a thread that the log owns. The crash explorer steps them by hand.
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

 private:
  Wal(const WalOptions& options, LogWriter writer, Loop& main, Metrics& metrics);
  void lay_out(const HardState* hard_state, std::span<const Entry> entries, Index commit,
               std::function<void()> durable);
  void write_batch();
  void begin_anew(const LogBase& base);
  void after_batch();
  void report_durable(std::size_t bytes);
  [[noreturn]] void die_of(const Error& error) const;

  Loop& main_;
  LogWriter writer_;  ///< The wal thread's.
  std::function<void(std::function<void()>)> worker_;
  std::optional<Loop> loop_;  ///< Unless options gave a worker.
  std::thread thread_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< For what is posted to main.

  std::string batch_;              ///< Main lays it out, then it is the wal thread's until durable.
  std::function<void()> durable_;  ///< Set while a write is in flight.
  Histogram& sync_duration_;
  Counter& bytes_written_;
};

}  // namespace conclave::raft
