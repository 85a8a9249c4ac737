#pragma once

/// The loop around the core: ticks in, Ready out, over the ports, in the order that raft/core/node.h prescribes. Main thread; owns the
/// Node and nothing else. It has no socket and no file: the simulator runs this very code.

#include <cstdint>
#include <functional>
#include <map>
#include <string>

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
  /// The ports outlive the host.
  Host(Node node, LogPort& log, StateMachinePort& machine, PeersPort& peers);

  /// Called every Options::tick_ms by whoever owns the timer.
  void tick();
  void receive(Message message);
  /// Starts: a lone voter campaigns at once. Entries known to be committed are applied before this returns or through later
  /// write completions.
  void start();

  /// True when a proposal made now would start a write of its own: leader, nothing in flight.
  bool accepts_proposal() const;
  /// Appends one entry. ErrorCode::no_leader when not leader; too_many when the uncommitted bound is reached.
  Result<LogPosition> propose(std::string payload);
  /// Calls `done` with the index that must be applied before the read is answered, after a quorum round
  /// (at once for a lone voter); or with ErrorCode::no_leader.
  void request_read(std::function<void(Result<Index>)> done);

  /// The state up to `through` is in a durable checkpoint: the log may be cut.
  void checkpointed(Index through);

  const Node& node() const { return node_; }

 private:
  void pump();

  Node node_;
  LogPort& log_;
  StateMachinePort& machine_;
  PeersPort& peers_;
  bool write_in_flight_ = false;
  bool pumping_ = false;
  std::map<ReadId, std::function<void(Result<Index>)>> reads_;
};

}  // namespace conclave::raft
