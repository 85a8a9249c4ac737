#pragma once

/// The ports over which raft/host orders a Ready: production gives it the real log, links and state
/// machine, the simulator gives it simulated ones and runs the very same host.

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/core/assert.h"
#include "base/core/result.h"
#include "raft/core/log.h"
#include "raft/core/message.h"
#include "raft/core/types.h"

namespace conclave::raft {

/// The durable log. One batch at a time: write() is not called again before `durable` was.
class LogPort {
 public:
  virtual ~LogPort() = default;
  /// Makes hard state (if given) and entries durable at once, then calls `durable` on the
  /// host's loop. `commit` is the known commit index, kept as a hint for recovery. Entries at or
  /// below the log's last index replace it and all that follows. What the arguments point to is
  /// valid until write() returns. `durable` may be called from within. A failure ends the process;
  /// there is no error.
  virtual void write(const HardState* hard_state, std::span<const Entry> entries, Index commit,
                     std::function<void()> durable) = 0;
  /// Like write(), but the log on disk is forgotten first and begins after `base`: a snapshot took
  /// its place. A crash leaves the old log or the new one; with the old one, a start finds a state
  /// that is ahead of the log, and does this again.
  virtual void reset(const LogBase& base, const HardState* hard_state,
                     std::span<const Entry> entries, Index commit, std::function<void()> durable) {
    static_cast<void>(base), static_cast<void>(hard_state), static_cast<void>(entries);
    static_cast<void>(commit), static_cast<void>(durable);
    CONCLAVE_ASSERT_WHY(false, "this log cannot be replaced by a snapshot");
  }
  /// Entries up to and including `through` are no longer needed: their state is checkpointed.
  virtual void release(Index through) = 0;
  /// Reads entries back that are durable and not released: the first ones of the range, at least
  /// one, while their payloads stay within `bytes_max`. An error: they cannot be read. Writes go on
  /// meanwhile; the answer comes on the host's loop.
  virtual void read(const EntryRange& range, std::uint64_t bytes_max,
                    std::function<void(Result<std::vector<Entry>>)> done) {
    static_cast<void>(range), static_cast<void>(bytes_max), static_cast<void>(done);
    CONCLAVE_ASSERT_WHY(false, "this log cannot be read back");
  }
};

/// Where committed entries go. Host's thread.
class StateMachinePort {
 public:
  virtual ~StateMachinePort() = default;
  /// Applies entries in order, atomically with the last one's index; all kinds are passed, so that
  /// the applied index is exact.
  virtual void apply(std::span<const Entry> entries) = 0;
  /// How many of these, from the front, may be given to apply() now. Fewer than all: the one after
  /// them takes long (a snapshot takes the place of the state). Nothing is applied then until this
  /// machine calls Host::apply_rest(), which asks again.
  virtual std::size_t may_apply(std::span<const Entry> entries) { return entries.size(); }
  /// The role, term or leader changed. Before the entries that follow from it are applied.
  virtual void leadership_changed(Role role, Term term, const NodeId& leader) = 0;
  /// Another configuration is in force: it was appended, or the one before came back because its
  /// entry was replaced. Also once at start.
  virtual void configuration_changed(const Configuration& configuration) {
    static_cast<void>(configuration);
  }
  /// Host::accepts_proposal() became true: this server became a leader that has applied its no-op,
  /// or the write in flight completed and what it committed is applied. This is what makes group
  /// commit: whatever was queued meanwhile becomes one entry.
  virtual void ready_for_proposal() = 0;
  /// Node::has_unshared_commit(). Host::share_commit() is to be called when a follower is waiting
  /// for it, or else after some milliseconds, in which most often the next entry makes that message
  /// needless. Said again as long as it is so.
  virtual void commit_unshared() {}
};

/// Snapshots of the state machine: made here for others, or received. Host's thread; answers may
/// come from within the call.
class SnapshotPort {
 public:
  virtual ~SnapshotPort() = default;
  /// Makes or finds a snapshot of what is applied; readable until release(). An error: none now, it
  /// is asked again later.
  virtual void make(std::function<void(Result<SnapshotMeta>)> made) = 0;
  /// Up to `bytes_max` bytes from `offset`; fewer only at the end. An error: lost, another is made.
  virtual void read(const std::string& id, std::uint64_t offset, std::uint64_t bytes_max,
                    std::function<void(Result<std::string>)> done) = 0;
  virtual void release(const std::string& id) = 0;
  /// Stores a chunk durably; offset 0 begins anew, whatever was stored before. The last one is
  /// stored only if the whole is what its id says.
  virtual void store(const SnapshotChunk& chunk, std::function<void(Result<void>)> stored) = 0;
  /// The state becomes what the stored snapshot holds, durably and atomically with its index, term
  /// and configuration. A failure ends the process.
  virtual void install(const SnapshotMeta& snapshot, std::function<void()> installed) = 0;
};

/// Peers' links; messages may be lost, delayed, duplicated, reordered.
class PeersPort {
 public:
  virtual ~PeersPort() = default;
  virtual void send(std::vector<Message> messages) = 0;
};

}  // namespace conclave::raft
