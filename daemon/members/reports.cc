// What operators see and ask for (operations.h).

#include <algorithm>
#include <utility>

#include "base/run/run_on.h"
#include "daemon/members/membership.h"
#include "daemon/tables/members.h"

namespace conclave::daemon {
namespace {

/// Tag "build" is "<version>:<revision>".
std::string version_of(const api::Member& member) {
  const auto build = member.tags.find("build");
  return build == member.tags.end() ? "" : build->second.substr(0, build->second.find(':'));
}

ServerHealth health_of(const ServerFacts& server, const AutopilotFacts& facts) {
  ServerHealth health{.id = server.server.id.value,
                      .name = server.server.id.value,
                      .address = server.server.address,
                      .status = "none"};
  if (server.member) {
    health.name = server.member->name;
    health.status = api::status_text(static_cast<api::MemberStatus>(server.member->status));
    health.version = version_of(*server.member);
  }
  health.leader = server.is_leader;
  health.voter = server.is_voter();
  health.healthy = is_healthy(server, facts);
  health.caught_up = server.caught_up_for > Nanos{0};
  health.last_contact = server.heard.ago;
  health.last_term = server.last_term;
  health.last_index = server.last_index;
  return health;
}

}  // namespace

Task<RaftConfigurationView> Membership::raft_configuration() {
  if (parts_.main.is_here()) return view_on_main();
  return run_on(parts_.main, view_on_main());
}

Task<Result<AutopilotReport>> Membership::autopilot_report() {
  if (parts_.main.is_here()) return report_on_main();
  return run_on(parts_.main, report_on_main());
}

Task<Result<void>> Membership::remove_peer(std::string id, std::string address) {
  auto work = duties_.remove_peer(std::move(id), std::move(address));
  if (parts_.main.is_here()) return work;
  return run_on(parts_.main, std::move(work));
}

Task<Result<void>> Membership::transfer_leadership(std::string id) {
  auto work = duties_.transfer_leadership(std::move(id));
  if (parts_.main.is_here()) return work;
  return run_on(parts_.main, std::move(work));
}

std::string Membership::name_of(const std::string& id) {
  std::string name = id;
  visit_members(parts_.reader.open().rows(), [&](const api::Member& member) {
    if (member.id == id) name = member.name;
    return member.id != id;
  });
  return name;
}

Task<RaftConfigurationView> Membership::view_on_main() {
  RaftConfigurationView view{.servers = {}, .index = parts_.raft.configuration_index().value};
  const LeaderInfo leader = parts_.replica.leader();
  const auto peers = parts_.raft.peers();
  for (const raft::Server& server : parts_.raft.configuration().servers) {
    const bool self = server.id.value == parts_.card().node.id;
    const auto peer = std::ranges::find(peers, server.id, &raft::PeerStanding::id);
    RaftServerView one{.id = server.id.value,
                       .name = name_of(server.id.value),
                       .address = server.address,
                       .leader = self ? leader.is_leader : server.id.value == leader.leader_id,
                       .voter = server.suffrage == raft::Suffrage::voter};
    if (self) one.last_index = parts_.raft.last_index().value;
    if (peer != peers.end()) one.last_index = peer->match_index.value;
    view.servers.push_back(std::move(one));
  }
  co_return view;
}

Task<Result<AutopilotReport>> Membership::report_on_main() {
  if (!parts_.raft.is_leader()) co_return fail(ErrorCode::no_leader, "No cluster leader");
  const AutopilotFacts facts = duties_.autopilot_facts();
  AutopilotReport report{.healthy = true, .failure_tolerance = failure_tolerance(facts)};
  for (const ServerFacts& server : facts.servers) {
    ServerHealth health = health_of(server, facts);
    const Stability::State state = duties_.stability().of(health.id);
    // What has changed since the last round has changed now.
    health.stable_since = state.since > Nanos{} && state.healthy == health.healthy
                              ? state.since
                              : parts_.clock.wall_now();
    report.healthy = report.healthy && health.healthy;
    report.servers.push_back(std::move(health));
  }
  co_return report;
}

}  // namespace conclave::daemon
