#pragma once

/// One Raft server's decisions: a deterministic state machine without I/O, clock, thread or global.
///
/// Inputs are tick(), receive(), propose(), persisted() and applied(); the output is one Ready,
/// whose fields say what must happen before what. Same inputs and seed, same outputs, byte for
/// byte. Names and rules are the paper's: Ongaro & Ousterhout, "In Search of an Understandable
/// Consensus Algorithm" (Figure 2), and Ongaro's dissertation for pre-vote, leases and read index.
///
/// The host's contract (raft/host does this, and so does the simulator):
///   1. if ready.must_write(): write ready.hard_state and ready.entries durably, in one batch; then
///   persisted(ready.batch). At most
///      one write is under way: until persisted(), further Readies carry no write;
///   2. send ready.messages at once: everything in them may be sent before the write is durable;
///   what may not (votes, append
///      replies, the leader's own match) is held inside the node until persisted();
///   3. apply ready.committed in order, then applied(last index). They are on this server's disk
///   already, so that a state
///      machine is never ahead of its own log;
///   4. carry out what log_reads and the fields about snapshots ask for, and answer as they say;
///   5. answer ready.reads once the state machine has applied their index.
///
/// What is here: elections with pre-vote, check-quorum and leader stickiness, log replication with
/// flow control, the commit rule, read rounds and the leader's lease, configurations as they come
/// changes of the configuration through joint consensus, learners and their promotion, leadership
/// transfer, and who gets which piece of which snapshot.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/core/result.h"
#include "base/core/rng.h"
#include "raft/core/log.h"
#include "raft/core/membership.h"
#include "raft/core/message.h"
#include "raft/core/options.h"
#include "raft/core/snapshot.h"
#include "raft/core/types.h"

namespace conclave::raft {

/// Identifies a linearizable read that was asked for; ascends within a process.
struct ReadId {
  std::uint64_t value = 0;
  friend auto operator<=>(const ReadId&, const ReadId&) = default;
};

struct ReadPoint {
  ReadId id;
  Index index;  ///< The read may be answered from a state that has applied this.
};

/// Entries that a follower lacks and that are on disk only: durable, applied, never replaced.
struct LogRead {
  NodeId to;
  EntryRange entries;
  std::uint64_t bytes_max = 0;  ///< Of payloads; one goes through however large it is.
};

struct Ready {
  std::uint64_t batch = 0;  ///< With a write: hand back to persisted(); ascends. Without: 0.
  std::optional<HardState> hard_state;  ///< Write durably in the same batch as the entries.
  std::vector<Entry> entries;           ///< Append; truncate any conflicting suffix first.
  std::vector<Message> messages;        ///< May be sent now.
  std::vector<Entry> committed;         ///< Apply in order.
  std::vector<ReadPoint> reads;
  std::vector<ReadId> failed_reads;  ///< Asked for, not answerable: leadership lost.
  std::vector<LogRead> log_reads;    ///< Answered by send_entries() or lose_entries().
  /// Written in the same batch, before `entries`: the log on disk is forgotten and begins after
  /// this. The state machine is there already.
  std::optional<LogBase> log_base;
  bool wants_snapshot = false;                  ///< Answered by offer_snapshot() or no_snapshot().
  std::vector<SnapshotRead> snapshot_reads;     ///< Answered by send_chunk() or lose_snapshot().
  std::optional<SnapshotChunk> snapshot_chunk;  ///< By chunk_stored() or chunk_refused().
  std::optional<SnapshotMeta> install;          ///< By snapshot_installed().
  bool must_write() const {
    return hard_state.has_value() || log_base.has_value() || !entries.empty();
  }
};

/// What a leader knows of another server: for health, autopilot and operators.
struct PeerStanding {
  NodeId id;
  Index match_index;
  std::uint64_t ticks_since_heard = 0;
  std::uint64_t ticks_caught_up = 0;  ///< Of a learner; 0 for voters.
};

/// What a node starts from: what raft/wal recovered.
struct InitialState {
  HardState hard_state;
  /// In force at base_index; those among `entries` are found by the node itself. No servers here
  /// and none in the entries: not initialised, so it follows but never campaigns.
  Configuration configuration;
  Index base_index;  ///< The entry before the first in `entries` (snapshot or compaction).
  Term base_term;
  std::vector<Entry> entries;  ///< All that follow base, contiguous.
  Index commit_index;          ///< Known committed; raised to applied_index if that is larger.
  Index applied_index;         ///< Of the state machine; base_index or later, within the log.
  /// Of this server's data directory; zeros = not known. It votes only where the configuration
  /// names it with this one.
  Incarnation incarnation{};
  /// A snapshot that was being received: it goes on from there if the leader still has it.
  std::optional<PartialSnapshot> partial_snapshot;
};

class Node {
 public:
  Node(NodeId self, const Options& options, InitialState initial, Rng rng);
  ~Node();
  Node(Node&&) noexcept;

  /// One logical tick: the only notion of time. Options give everything in ticks.
  void tick();
  /// A message that is authenticated, decoded and addressed to this cluster and node.
  void receive(Message message);
  /// Appends a command to the leader's log. ErrorCode::no_leader when not leader; too_many when the
  /// uncommitted bytes are at their limit.
  Result<Index> propose(std::string payload);
  /// Appends a configuration with these changes, in force from now on; a joint one is left by
  /// itself once it is committed. The change is done when configuration() is not joint and
  /// configuration_index() is committed. ErrorCode::no_leader when not leader; unavailable before
  /// an entry of this leader's term is committed, while another change is under way or leadership
  /// is being transferred; what changed_configuration() refuses.
  Result<Index> change_membership(std::span<const MembershipChange> changes);
  /// Asks for a read point; see Ready::reads. Reads asked for between two Readies share one round;
  /// before an entry of the own term is committed they wait for that (§8). ErrorCode::no_leader
  /// when not leader, too_many beyond reads_max.
  Result<ReadId> request_read();
  /// The write of that batch is durable. A failed write has no answer: the process must end.
  void persisted(std::uint64_t batch);
  /// The state machine has applied everything up to `through`.
  void applied(Index through);
  /// Leader: some follower has every entry, and nothing under way tells it what became committed
  /// (and was applied here). It learns that with the next entries, the next heartbeat or by
  /// share_commit(), whichever comes first.
  bool has_unshared_commit() const;
  void share_commit();
  /// The log up to and including `through` (<= applied) may be forgotten. Some of it stays: in
  /// memory Options::trailing_entries, on disk also what follows a snapshot that is on its way. The
  /// disk is to keep everything from first_index() on.
  void compact(Index through);
  /// Leader: what a LogRead asked for, from its first entry on, as many as there was room for.
  /// Answers that no longer matter are ignored.
  void send_entries(const LogRead& read, std::vector<Entry> entries);
  /// Leader: they cannot be read. The follower gets a new snapshot.
  void lose_entries(const LogRead& read);

  // --- snapshots. Answers may come at any time; those that no longer matter are ignored.
  /// Leader: this one can be read. It is used until lose_snapshot(), or until it is too old.
  void offer_snapshot(SnapshotMeta snapshot);
  /// Leader: none can be had now; it is wanted again after a while.
  void no_snapshot();
  /// Leader: it can no longer be read.
  void lose_snapshot(const std::string& id);
  /// Leader: what a SnapshotRead asked for.
  void send_chunk(const NodeId& to, const std::string& id, std::uint64_t offset, std::string data);
  /// Follower: the chunk is durable, and so is everything before `next_offset`; for the last one:
  /// the whole is what its id says.
  void chunk_stored(const std::string& id, std::uint64_t next_offset);
  /// Follower: it could not be stored, or the whole is not what its id says: all is sent again.
  void chunk_refused(const std::string& id);
  /// Follower: the state machine is, durably, what the snapshot asked for by Ready::install holds.
  void snapshot_installed();
  /// Some follower gets or waits for a snapshot.
  bool is_sending_snapshot() const;
  /// The log on disk is still to be replaced: Ready::log_base comes.
  bool has_new_log_base() const;
  /// Between Ready::install and snapshot_installed(): nothing is applied, and it neither campaigns
  /// nor takes entries.
  bool is_installing() const;
  /// Hands leadership to a voter, "" = the one that has most of the log: proposals are refused from
  /// now on, and once it has everything it is told to campaign at once. Given up after one election
  /// timeout (the minimum), then proposals are taken again. ErrorCode::no_leader when not leader,
  /// bad_request when the target is this server or no voter, unavailable while a transfer is under
  /// way or when nobody could take over.
  Result<void> transfer_leadership(NodeId target);
  /// Starts an election now instead of after the timeout, with pre-vote as usual. A server that is
  /// alone is leader when this returns: its vote and its no-op are one write. Nothing happens on a
  /// leader or a non-voter, nor on one that is alone, was just started and may have helped somebody
  /// else to a lease before: it campaigns after its timeout.
  void campaign();

  bool has_ready() const;
  Ready take_ready();

  const NodeId& self() const;
  const Options& options() const;
  Role role() const;
  Term current_term() const;
  const NodeId& voted_for() const;
  /// "" when unknown.
  const NodeId& leader() const;
  Index commit_index() const;
  Index applied_index() const;
  Index first_index() const;
  Index last_index() const;
  Term last_term() const;
  Index durable_index() const;
  /// nullopt outside the log kept in memory.
  std::optional<Term> term_at(Index index) const;
  /// In force: the last one in the log, committed or not (§6), and where it stands (0 = from the
  /// initial state).
  const Configuration& configuration() const;
  Index configuration_index() const;
  /// The one in force at an index from first_index() - 1 on: what a snapshot up to there says.
  const Configuration& configuration_at(Index index) const;
  /// What this leader knows of the others, ascending by id; empty unless leader.
  std::vector<PeerStanding> peers() const;
  /// To whom leadership is being transferred; "" = to nobody.
  const NodeId& transfer_target() const;
  /// True once an entry of this leader's own term is committed and applied: before that it answers
  /// no read (§8).
  bool is_ready_leader() const;
  /// The number of the tick before which the latest read round confirmed by a quorum was sent,
  /// counted from construction; nullopt when there is none. Whoever has a clock turns it into a
  /// deadline: time of that tick + lease_ticks × tick length.
  std::optional<std::uint64_t> lease_start_tick() const;
  /// Ticks during which this leader may answer reads without asking, 0 = none, forever for a lone
  /// voter. Only as true as ticks are regular: see lease_start_tick().
  std::uint64_t lease_ticks_left() const;
  static constexpr std::uint64_t forever = UINT64_MAX;
  /// Ticks since this server last heard a leader of its term, or since its start; 0 on the leader.
  std::uint64_t ticks_since_leader() const;
  std::uint64_t ticks() const;
  /// Payload bytes proposed here and not committed yet; 0 unless leader.
  std::uint64_t uncommitted_bytes() const;

  /// Asserts what must hold after every input (Figure 3 and reliability rules); cheap enough to
  /// stay on.
  void check_invariants() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace conclave::raft
