#pragma once

/// One server's data directory: the log, hard state, the state's checkpoint, a snapshot that was
/// received in part. What was written is there after a crash; what was being written is there
/// whole or not at all, because the log's records verify and a torn batch is cut off
/// (docs/formats.md 2.3).

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/core/rng.h"
#include "raft/core/node.h"
#include "tests/sim/store.h"

namespace conclave::sim {

class Observer;

struct SimDisk {
  struct Write {
    std::optional<raft::HardState> hard_state;
    std::optional<raft::LogBase> base;
    std::vector<raft::Entry> entries;
    raft::Index commit;
  };
  struct Log {
    raft::HardState hard_state;
    raft::Index base_index;  ///< Entries up to there were released.
    raft::Term base_term;
    std::deque<raft::Entry> entries;
    raft::Index commit;
  };

  raft::NodeId id;
  raft::Incarnation incarnation{};
  std::uint64_t boots = 0;
  Log log;
  SimStore store;
  std::optional<raft::PartialSnapshot> partial;
  std::string received;
  bool damaged = false;  ///< A record in the middle of the log does not verify.
  bool has_been_damaged = false;

  std::uint64_t truncations = 0;
  std::deque<Log> unsynced;  ///< Of the disk that lies (Mutant::no_fsync).

  raft::Index last_index() const { return {log.base_index.value + log.entries.size()}; }
  raft::Term last_term() const;
  /// True when the entry, or a state that includes it, would survive a crash now.
  bool holds(raft::Index index, raft::Term term) const;
  const raft::Entry& at(raft::Index index) const;
  /// In force at the end of what is written.
  raft::Configuration configuration() const;

  void persist(const Write& write, Observer& observer);
  /// A snapshot took the place of the state, maybe ahead of the log.
  void release(raft::Index through);
  void crash(Rng& rng);
  /// What raft/wal and daemon/store find at a start; the log is brought into line with the state.
  raft::InitialState recover();
  /// Damages an acknowledged entry above the checkpoint and below the last batch; false if there is
  /// none.
  bool damage(Rng& rng);

 private:
  void append(const raft::Entry& entry, Observer& observer);
  raft::Index damaged_at_;
};

}  // namespace conclave::sim
