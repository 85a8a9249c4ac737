#pragma once

/// The ports over which raft/host orders a Ready: production gives it the real log, links and state
/// machine, the simulator gives it simulated ones and runs the very same host.

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/core/result.h"
#include "raft/core/message.h"
#include "raft/core/types.h"

namespace conclave::raft {

/// The durable log. One batch at a time: write() is not called again before `durable` was.
class LogPort {
 public:
  virtual ~LogPort() = default;
  /// Writes hard state (if given) and entries with one fdatasync, then calls `durable` on the
  /// host's loop. `commit` is the known commit index, kept as a hint for recovery. Entries at or
  /// below the log's last index replace it and all that follows. What the arguments point to is
  /// valid until write() returns. `durable` may be called from within. A failure ends the process;
  /// there is no error.
  virtual void write(const HardState* hard_state, std::span<const Entry> entries, Index commit,
                     std::function<void()> durable) = 0;
  /// Entries up to and including `through` are no longer needed: their state is checkpointed.
  virtual void release(Index through) = 0;
};

/// Where committed entries go. Host's thread.
class StateMachinePort {
 public:
  virtual ~StateMachinePort() = default;
  /// Applies entries in order, atomically with the last one's index; all kinds are passed, so that
  /// the applied index is exact.
  virtual void apply(std::span<const Entry> entries) = 0;
  /// The role, term or leader changed. Before the entries that follow from it are applied.
  virtual void leadership_changed(Role role, Term term, const NodeId& leader) = 0;
  /// Host::accepts_proposal() became true: this server became a leader that has applied its no-op,
  /// or the write in flight completed and what it committed is applied. This is what makes group
  /// commit: whatever was queued meanwhile becomes one entry.
  virtual void ready_for_proposal() = 0;
};

/// Peers' links; messages may be lost, delayed, duplicated, reordered.
class PeersPort {
 public:
  virtual ~PeersPort() = default;
  virtual void send(std::vector<Message> messages) = 0;
};

}  // namespace conclave::raft
