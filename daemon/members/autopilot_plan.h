#pragma once

/// Autopilot's decisions (contract 12): who is healthy, who gets a vote, who is removed. Pure.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "api/model/autopilot.h"
#include "api/model/member.h"
#include "base/core/duration.h"
#include "daemon/members/reconcile.h"
#include "raft/core/membership.h"
#include "raft/core/types.h"

namespace conclave::daemon {

/// One server of the configuration, as the leader sees it.
struct ServerFacts {
  raft::Server server;
  bool is_leader = false;
  /// nullopt: it never announced itself.
  std::optional<api::Member> member;
  Heard heard;  ///< Of the others.
  std::uint64_t last_term = 0;
  std::uint64_t last_index = 0;
  Nanos caught_up_for{};  ///< Of a learner.

  bool is_voter() const { return server.suffrage == raft::Suffrage::voter; }
};

struct AutopilotFacts {
  std::vector<ServerFacts> servers;
  api::AutopilotConfig config;
  std::uint64_t now_ms = 0;  ///< Cluster time.
  std::uint64_t leader_last_index = 0;
  /// How often a leader that has nothing to say is heard.
  Nanos heartbeat{};
};

/// A server is removed no sooner than so long after it failed: one that merely restarts is not.
/// Consul has no such grace, its gossip takes about as long to give a node up.
inline constexpr Nanos cleanup_grace = std::chrono::seconds(60);

/// Alive, heard within LastContactThreshold and within MaxTrailingLogs of the leader. A healthy
/// server is heard once in a heartbeat, so the threshold counts from two of these on: whatever
/// raft_multiplier is, nobody is unhealthy for being idle.
bool is_healthy(const ServerFacts& server, const AutopilotFacts& facts);
/// How many more voters may fail.
std::int64_t failure_tolerance(const AutopilotFacts& facts);

struct AutopilotPlan {
  std::vector<raft::MembershipChange> changes;
  std::vector<std::string> removed;  ///< Names of members that have left with it.
  std::string blocked;               ///< Why dead servers stay: one sentence, or "".
};

/// Learners that were caught up for ServerStabilizationTime get their vote. Servers that left, and
/// with CleanupDeadServers those that failed cleanup_grace ago, go: learners always, voters if
/// those who stay are MinQuorum and have a majority that is alive.
AutopilotPlan autopilot_plan(const AutopilotFacts& facts);

/// When each server's health last changed, by id; wall time. In the leader's memory.
class Stability {
 public:
  struct State {
    bool healthy = false;
    Nanos since{};
  };
  void note(const AutopilotFacts& facts, Nanos wall_now);
  State of(const std::string& id) const;
  void clear() { states_.clear(); }

 private:
  std::vector<std::pair<std::string, State>> states_;
};

}  // namespace conclave::daemon
