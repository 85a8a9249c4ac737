#include "daemon/members/autopilot_plan.h"

#include <fmt/format.h>

#include <algorithm>

namespace conclave::daemon {
namespace {

using Kind = raft::MembershipChange::Kind;
using Status = api::MemberStatus;

Status status_of(const ServerFacts& server) {
  if (server.is_leader) return Status::alive;
  return server.member ? static_cast<Status>(server.member->status) : Status::none;
}

bool is_alive(const ServerFacts& server) {
  return status_of(server) == Status::alive ||
         (status_of(server) == Status::none && server.heard.answered);
}

bool is_dead(const ServerFacts& server, const AutopilotFacts& facts) {
  if (server.is_leader) return false;
  if (status_of(server) == Status::left) return true;
  if (!facts.config.cleanup_dead_servers || server.heard.ago < cleanup_grace) return false;
  if (!server.member) return true;
  const auto grace = static_cast<std::uint64_t>(cleanup_grace / std::chrono::milliseconds(1));
  return status_of(server) == Status::failed &&
         facts.now_ms >= server.member->since_time_ms + grace;
}

std::size_t voters_of(const AutopilotFacts& facts) {
  return static_cast<std::size_t>(std::ranges::count_if(facts.servers, &ServerFacts::is_voter));
}

/// Why these voters may not go; "" if they may.
std::string objection(const AutopilotFacts& facts, std::size_t dead_voters) {
  const std::size_t remaining = voters_of(facts) - dead_voters;
  const auto alive = static_cast<std::size_t>(std::ranges::count_if(
      facts.servers, [](const ServerFacts& s) { return s.is_voter() && is_alive(s); }));
  if (remaining < std::max<std::uint64_t>(facts.config.min_quorum, 1)) {
    return fmt::format("dead servers stay: {} voters would remain and min_quorum is {}", remaining,
                       facts.config.min_quorum);
  }
  if (alive < remaining / 2 + 1) {
    return fmt::format("dead servers stay: only {} of the {} voters that would remain are alive",
                       alive, remaining);
  }
  return {};
}

}  // namespace

bool is_healthy(const ServerFacts& server, const AutopilotFacts& facts) {
  if (server.is_leader) return true;
  return is_alive(server) && server.heard.answered &&
         server.heard.ago <= facts.config.last_contact_threshold + 2 * facts.heartbeat &&
         server.last_index + facts.config.max_trailing_logs >= facts.leader_last_index;
}

std::int64_t failure_tolerance(const AutopilotFacts& facts) {
  const auto healthy = std::ranges::count_if(facts.servers, [&](const ServerFacts& server) {
    return server.is_voter() && is_healthy(server, facts);
  });
  const auto quorum = static_cast<std::int64_t>(voters_of(facts) / 2 + 1);
  return std::max<std::int64_t>(healthy - quorum, 0);
}

AutopilotPlan autopilot_plan(const AutopilotFacts& facts) {
  AutopilotPlan plan;
  std::vector<const ServerFacts*> dead_voters;
  const auto remove = [&](const ServerFacts& server) {
    plan.changes.push_back({Kind::remove, server.server});
    if (server.member) plan.removed.push_back(server.member->name);
  };
  for (const ServerFacts& server : facts.servers) {
    if (is_dead(server, facts)) {
      if (server.is_voter()) {
        dead_voters.push_back(&server);
      } else {
        remove(server);
      }
    } else if (!server.is_voter() && is_alive(server) &&
               server.caught_up_for >= facts.config.server_stabilization_time &&
               server.caught_up_for > Nanos{0}) {
      plan.changes.push_back({Kind::promote, server.server});
    }
  }
  if (dead_voters.empty()) return plan;
  plan.blocked = objection(facts, dead_voters.size());
  if (!plan.blocked.empty()) return plan;
  for (const ServerFacts* server : dead_voters) remove(*server);
  return plan;
}

void Stability::note(const AutopilotFacts& facts, Nanos wall_now) {
  std::vector<std::pair<std::string, State>> next;
  for (const ServerFacts& server : facts.servers) {
    const std::string& id = server.server.id.value;
    const bool healthy = is_healthy(server, facts);
    const auto at = std::ranges::find(states_, id, &std::pair<std::string, State>::first);
    const bool same = at != states_.end() && at->second.healthy == healthy;
    next.emplace_back(id, same ? at->second : State{healthy, wall_now});
  }
  states_ = std::move(next);
}

Stability::State Stability::of(const std::string& id) const {
  const auto at = std::ranges::find(states_, id, &std::pair<std::string, State>::first);
  return at == states_.end() ? State{} : at->second;
}

}  // namespace conclave::daemon
