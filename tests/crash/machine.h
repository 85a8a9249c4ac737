#pragma once

/// One server's disk side, driven by hand: log and store as in production, a small state machine
/// above, and every step of the wal thread and the checkpoint thread taken one at a time, in an
/// order drawn from a seed.

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/core/result.h"
#include "base/core/rng.h"
#include "base/run/loop.h"
#include "base/run/metrics.h"
#include "daemon/snapshot/snapshots.h"
#include "daemon/store/memory_rows.h"
#include "daemon/store/store.h"
#include "raft/wal/wal.h"

namespace conclave::crash {

/// What entry `index` says and does: functions of seed and index alone, so that any prefix of the
/// log has one right state.
std::string command_payload(std::uint64_t seed, std::uint64_t index);
void apply_command(std::uint64_t seed, std::uint64_t index, daemon::Rows& rows);

/// The right state after each index.
class Expected {
 public:
  explicit Expected(std::uint64_t seed) : seed_(seed) {}
  /// State hash after entries 1 to `index`.
  std::uint64_t hash_at(std::uint64_t index);
  /// The snapshot that another server would send at `index`.
  std::string snapshot_at(std::uint64_t index);

 private:
  std::uint64_t seed_;
  daemon::MemoryRows rows_;
  std::vector<std::uint64_t> hashes_{0};
};

class Machine {
 public:
  /// `split_apply`: a deliberate mistake, applied position and effects in two transactions.
  Machine(std::string directory, std::uint64_t seed, Rng rng, bool split_apply = false);
  ~Machine();

  /// The production way in: open the store, open the log, replay. Then the state is compared with
  /// what it should be. The error says what is lost, doubled or halved.
  Result<void> start(Expected& expected);
  /// Writes a batch of entries, waits until it is durable while everything else goes on, and
  /// applies it.
  void write_batch();
  /// Begins a batch and leaves it somewhere on its way.
  void leave_batch_unfinished();
  /// Receives a snapshot of a later index, puts it in the place of the state, and lets the log begin
  /// after it; `steps_max`: is left where it is after so many steps.
  void install_snapshot(Expected& expected, std::uint64_t steps_max = ~0ull);
  /// Compares every row with what it should be.
  Result<void> verify(Expected& expected);

  std::uint64_t last_index() const { return last_index_; }
  std::uint64_t applied_index() const { return store_->applied().index; }
  /// The log was there at start().
  bool found_log() const { return found_log_; }

 private:
  using Jobs = std::deque<std::function<void()>>;

  void begin_batch(bool& durable);
  void apply(const std::vector<raft::Entry>& entries);
  void commit(const std::vector<raft::Entry>& entries);
  bool receive(const raft::SnapshotMeta& snapshot, const std::string& bytes);
  /// False when the steps were used up first.
  bool step_until(const bool& done);
  void random_step();
  static bool run_one(Jobs& jobs);

  const std::string directory_;
  const std::uint64_t seed_;
  Rng rng_;
  const bool split_apply_;

  Jobs wal_jobs_;
  Jobs store_jobs_;
  Jobs snapshot_jobs_;
  Metrics metrics_;
  Loop main_{"main"};
  std::unique_ptr<daemon::GenerationStore> store_;
  std::unique_ptr<raft::Wal> wal_;
  std::unique_ptr<daemon::Snapshots> snapshots_;
  std::vector<raft::Entry> batch_;
  std::uint64_t last_index_ = 0;
  std::uint64_t steps_left_ = 0;  ///< Of step_until().
  bool found_log_ = false;
};

}  // namespace conclave::crash
