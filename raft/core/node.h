#pragma once

/// One Raft server's decisions: a deterministic state machine without I/O, clock, thread or global.
///
/// Inputs are tick(), receive(), propose(), persisted() and applied(); the output is one Ready, whose fields say what must
/// happen before what. Same inputs and seed, same outputs, byte for byte. Names and rules are the paper's: Ongaro & Ousterhout, "In
/// Search of an Understandable Consensus Algorithm" (Figure 2), and Ongaro's dissertation for pre-vote, leases and read index.
///
/// The host's contract (raft/host does this, and so does the simulator):
///   1. write ready.hard_state and ready.entries durably, in one batch; then persisted(ready.batch);
///   2. send ready.messages at once: everything in them may be sent before the write is durable; what may not (votes, append
///      replies, the leader's own match) is held inside the node until persisted();
///   3. apply ready.committed in order, then applied(last index);
///   4. answer ready.reads once the state machine has applied their index.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/core/result.h"
#include "base/core/rng.h"
#include "raft/core/message.h"
#include "raft/core/options.h"
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

struct Ready {
  std::uint64_t batch = 0;              ///< Hand back to persisted(); ascends.
  std::optional<HardState> hard_state;  ///< Write durably in the same batch as the entries.
  std::vector<Entry> entries;           ///< Append; truncate any conflicting suffix first.
  std::vector<Message> messages;        ///< May be sent now.
  std::vector<Entry> committed;         ///< Apply in order.
  std::vector<ReadPoint> reads;
  std::vector<ReadId> failed_reads;     ///< Asked for, not answerable: leadership lost.
  bool must_write() const { return hard_state.has_value() || !entries.empty(); }
};

/// What a node starts from: what raft/wal recovered.
struct InitialState {
  HardState hard_state;
  Configuration configuration;   ///< In force at `last entry`; empty = not initialised.
  Index base_index;              ///< The entry before the first in `entries` (snapshot or compaction).
  Term base_term;
  std::vector<Entry> entries;    ///< All that follow base, contiguous.
  Index commit_index;            ///< Known committed: at least the state machine's applied index.
  Index applied_index;
};

class Node {
 public:
  Node(NodeId self, const Options& options, InitialState initial, Rng rng);

  /// One logical tick: the only notion of time. Options give everything in ticks.
  void tick();
  /// A message that is authenticated, decoded and addressed to this cluster and node.
  void receive(Message message);
  /// Appends a command to the leader's log. ErrorCode::no_leader when not leader; too_many when the
  /// uncommitted bytes are at their limit.
  Result<Index> propose(std::string payload);
  /// Asks for a read point; see Ready::reads. ErrorCode::no_leader when not leader.
  Result<ReadId> request_read();
  void persisted(std::uint64_t batch);
  void applied(Index through);
  /// The log up to and including `through` (<= applied) may be forgotten.
  void compact(Index through);
  /// Becomes a candidate at once, without waiting for the timeout; for a lone voter at start.
  void campaign();

  bool has_ready() const;
  Ready take_ready();

  Role role() const;
  Term current_term() const;
  /// "" when unknown.
  const NodeId& leader() const;
  Index commit_index() const;
  Index last_index() const;
  const Configuration& configuration() const;
  /// True once an entry of this leader's own term is committed and applied: before that it answers no read (§8).
  bool is_ready_leader() const;
  /// Ticks during which this leader may answer reads without asking, 0 = none; a lone voter's never runs out.
  std::uint64_t lease_ticks_left() const;

  /// Asserts what must hold after every input (Figure 3 and reliability rules); cheap enough to stay on.
  void check_invariants() const;

  ~Node();
  Node(Node&&) noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace conclave::raft
