#pragma once

/// What membership asks of Raft: a port over raft::Host, which cli/run implements and tests fake.
/// Main thread. Before this server has a log it answers as a server of no cluster: no servers, no
/// leader.

#include <optional>
#include <span>
#include <vector>

#include "base/core/duration.h"
#include "base/core/result.h"
#include "raft/core/membership.h"
#include "raft/core/node.h"
#include "raft/core/types.h"

namespace conclave::daemon {

class RaftControl {
 public:
  virtual ~RaftControl() = default;
  virtual raft::Configuration configuration() const = 0;
  virtual raft::Index configuration_index() const = 0;
  virtual raft::Index commit_index() const = 0;
  virtual raft::Index last_index() const = 0;
  virtual raft::Term term() const = 0;
  /// nullopt outside the log that is kept.
  virtual std::optional<raft::Term> term_at(raft::Index index) const = 0;
  virtual bool is_leader() const = 0;
  /// Leadership is being handed over.
  virtual bool is_transferring() const = 0;
  /// Empty unless leader.
  virtual std::vector<raft::PeerStanding> peers() const = 0;
  virtual Nanos tick_length() const = 0;
  virtual Nanos heartbeat() const = 0;
  /// raft::Host::change_membership(), transfer_leadership().
  virtual Result<void> change_membership(std::span<const raft::MembershipChange> changes) = 0;
  virtual Result<void> transfer_leadership(raft::NodeId target) = 0;
};

}  // namespace conclave::daemon
