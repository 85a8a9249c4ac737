#pragma once

#include "daemon/members/raft_control.h"
#include "raft/host/host.h"

namespace conclave::cli {

/// What membership asks of Raft, answered by the host, which comes when this server belongs to a
/// cluster. Main thread.
class HostControl final : public daemon::RaftControl {
 public:
  /// `host` outlives this object, or is detached with nullptr.
  void attach(raft::Host* host) { host_ = host; }

  raft::Configuration configuration() const override;
  raft::Index configuration_index() const override;
  raft::Index commit_index() const override;
  raft::Index last_index() const override;
  raft::Term term() const override;
  std::optional<raft::Term> term_at(raft::Index index) const override;
  bool is_leader() const override;
  bool is_transferring() const override;
  std::vector<raft::PeerStanding> peers() const override;
  Nanos tick_length() const override;
  Nanos heartbeat() const override;
  Result<void> change_membership(std::span<const raft::MembershipChange> changes) override;
  Result<void> transfer_leadership(raft::NodeId target) override;

 private:
  raft::Host* host_ = nullptr;
};

}  // namespace conclave::cli
