#pragma once

/// The loop around the core: ticks in, Ready out, over the ports, in the order that
/// raft/core/node.h prescribes. Main thread; owns the Node and nothing else. It has no socket and
/// no file: the simulator runs this very code.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/core/result.h"
#include "raft/core/node.h"
#include "raft/core/ports.h"

namespace conclave::raft {

/// Where a proposal stands in the log: the pair that tells it from any other entry.
struct LogPosition {
  Term term;
  Index index;
  friend auto operator<=>(const LogPosition&, const LogPosition&) = default;
};

class Host {
 public:
  /// The ports outlive the host, and complete no write after its end.
  /// Without `snapshots`, a follower that lags too far gets heartbeats only.
  Host(Node node, LogPort& log, StateMachinePort& machine, PeersPort& peers,
       SnapshotPort* snapshots = nullptr);
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  /// Called every Options::tick_ms by whoever owns the timer (daemon/replica; the simulator).
  void tick();
  void receive(Message message);
  /// Starts: a server that is alone campaigns at once, the others wait for their timeout. Entries
  /// known to be committed are applied before this returns.
  void start();

  /// True when a proposal made now would be written at once: a leader that has applied its no-op,
  /// with no write in flight, and is not handing leadership over. Its becoming true is announced by
  /// StateMachinePort::ready_for_proposal().
  bool accepts_proposal() const;
  /// Appends one entry. ErrorCode::no_leader when not leader; too_many when the uncommitted bound
  /// is reached. May be called at any time on main, from within the ports too; the entry joins the
  /// next write.
  Result<LogPosition> propose(std::string payload);
  /// Calls `done` with the index that must be applied before the read is answered, after a quorum
  /// round (at once for a lone voter); or with ErrorCode::no_leader. Possibly from within this
  /// call.
  void request_read(std::function<void(Result<Index>)> done);

  /// Node::change_membership(); done when node().configuration() is as asked and committed.
  Result<LogPosition> change_membership(std::span<const MembershipChange> changes);
  /// Node::transfer_leadership(); done when another server leads, given up when this one accepts
  /// proposals again.
  Result<void> transfer_leadership(NodeId target);

  /// Node::share_commit().
  void share_commit();

  /// The state machine may go on with what StateMachinePort::may_apply() held back.
  void apply_rest();

  /// The state up to `through` is in a durable checkpoint: the log may be cut.
  void checkpointed(Index through);

  const Node& node() const { return node_; }

 private:
  void pump();
  void carry_out(Ready ready);
  void write(const Ready& ready);
  void apply_some();
  void read_log(const LogRead& read);
  void transfer_snapshots(Ready& ready);
  void make_snapshot();
  void read_snapshot(const SnapshotRead& read);
  void store_chunk(const SnapshotChunk& chunk);
  void release_snapshot();
  void announce_leadership();
  void announce_configuration();
  void announce_readiness();

  Node node_;
  LogPort& log_;
  StateMachinePort& machine_;
  PeersPort& peers_;
  SnapshotPort* snapshots_;
  std::string made_snapshot_;     ///< To be released; "" = none.
  std::vector<Entry> unapplied_;  ///< Handed out by the node; it hands out no more before these
                                  ///< are applied.
  std::size_t applied_of_them_ = 0;
  bool write_in_flight_ = false;
  /// The state came from a snapshot, and the log on disk does not begin after it yet.
  bool log_is_behind_ = false;
  bool pumping_ = false;
  bool accepted_proposals_ = false;
  Role announced_role_ = Role::follower;
  Term announced_term_;
  NodeId announced_leader_;
  /// Where its entry stands; the term is not known any more once that is compacted.
  std::pair<Index, std::optional<Term>> announced_configuration_at_;
  Configuration announced_configuration_;
  std::map<ReadId, std::function<void(Result<Index>)>> reads_;
};

}  // namespace conclave::raft
