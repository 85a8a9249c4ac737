#pragma once

/// What a leader does about the servers and members: lets them in, sees them go, keeps their status
/// and the catalog true, removes the dead. One change at a time: whoever wants one waits for the
/// one before. Main thread.

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/core/result.h"
#include "daemon/members/autopilot_plan.h"
#include "daemon/members/join_rules.h"
#include "daemon/members/member_index.h"
#include "daemon/members/membership_parts.h"
#include "daemon/members/node_leases.h"
#include "daemon/members/turn.h"

namespace conclave::daemon {

class LeaderDuties {
 public:
  explicit LeaderDuties(MembershipParts& parts);

  /// This server has become a leader that has applied its no-op, or ceased to be one.
  void set_leading(bool leading);
  /// Once a second: statuses, catalog, autopilot. Returns when the round is done; a second one at
  /// the same time returns at once.
  Task<void> round();

  // --- for this server and for calls of others; ErrorCode::no_leader when it does not lead
  Task<Result<void>> admit(JoinRequest request);
  Task<Result<void>> let_go(LeaveRequest request);
  /// operator/raft/peer: one of the two is given.
  Task<Result<void>> remove_peer(std::string id, std::string address);
  /// "" = whoever has most of the log. Returns when another server leads or it was given up.
  Task<Result<void>> transfer_leadership(std::string id);

  /// Who of the agents lives, as the servers pass it on.
  NodeLeases& leases() { return leases_; }
  AutopilotFacts autopilot_facts();
  const Stability& stability() const { return stability_; }

 private:
  using Changes = std::vector<raft::MembershipChange>;

  /// So many wait for their turn, and so long.
  static constexpr std::size_t turns_max = 64;
  static constexpr Nanos turn_patience = std::chrono::seconds(10);

  Task<Result<void>> admit_in_turn(JoinRequest request);
  Task<Result<void>> let_go_in_turn(LeaveRequest request);
  Task<Result<void>> remove_member(api::Member member);
  Task<Result<void>> mark(api::Member member, api::MemberStatus status);
  Task<Result<void>> change(Changes changes);
  bool is_settled() const;
  Task<Result<void>> write(CommandBody body);
  Task<void> establish();
  Task<void> keep_up();
  Task<void> keep_up(MemberFacts facts);
  void guard_leases();
  Task<void> run_autopilot();

  /// Brought up to the present state.
  const MemberIndex& members();
  std::vector<api::Member> read_members(const std::vector<std::string>& names);
  std::vector<api::Member> read_servers() { return read_members(members().servers()); }
  std::vector<std::string> members_to_look_at();
  std::vector<MemberFacts> read_facts(std::span<const std::string> names);
  /// As far as they concern a node that wants to join.
  ClusterFacts cluster_facts(const NodeCard& card);
  Heard heard_of(const std::string& id, const std::vector<raft::PeerStanding>& peers) const;
  bool is_alive(const std::string& id);

  MembershipParts& parts_;
  TurnTaking turns_;
  NodeLeases leases_;
  MemberIndex index_;
  std::string looked_at_;  ///< The last key of the index whose turn it was.
  bool leading_ = false;
  bool established_ = false;
  bool in_round_ = false;
  std::uint64_t leadership_ = 0;
  std::set<std::string> departing_;  ///< Ids whose leave is being carried out.
  std::string blocked_;              ///< Said last about dead servers that stay.
  Stability stability_;
};

}  // namespace conclave::daemon
