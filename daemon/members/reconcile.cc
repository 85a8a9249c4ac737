#include "daemon/members/reconcile.h"

#include "base/core/text.h"

namespace conclave::daemon {
namespace {

using Status = api::MemberStatus;

constexpr std::int64_t default_server_port = 8300;

std::uint64_t milliseconds(Nanos duration) {
  return static_cast<std::uint64_t>(duration / std::chrono::milliseconds(1));
}

bool is_older(const MemberFacts& facts, Nanos age) {
  return facts.now_ms >= facts.member.since_time_ms + milliseconds(age);
}

std::int64_t server_port(const api::Member& member) {
  const auto at = member.tags.find("port");
  const auto port = at == member.tags.end() ? std::nullopt : parse_i64(at->second);
  return port.value_or(default_server_port);
}

/// The part of a registration that is the leader's: what the agent says of its node stays.
Register health_of(const api::Member& member, bool alive) {
  return {.node = {.id = member.id, .node = member.name, .address = member.address},
          .skip_node_update = true,
          .checks = {serf_health(member.name, alive)}};
}

void keep_alive(const MemberFacts& facts, std::vector<CommandBody>& commands) {
  const bool wants_service = is_server(facts.member) && !facts.has_service;
  if (facts.has_node && facts.health == "passing" && !wants_service) return;
  Register registration = health_of(facts.member, true);
  if (is_server(facts.member)) registration.service = consul_service(server_port(facts.member));
  commands.emplace_back(std::move(registration));
}

}  // namespace

api::MemberStatus status_by_lease(Lease lease, api::MemberStatus now) {
  if (now == Status::left) return now;
  switch (lease) {
    case Lease::unknown:
      return now;
    case Lease::valid:
      return Status::alive;
    case Lease::ended:
      // Somebody wanted it gone (force-leave), and it does not object.
      return now == Status::leaving ? Status::left : Status::failed;
  }
  return now;
}

bool is_server(const api::Member& member) {
  const auto role = member.tags.find("role");
  return role != member.tags.end() && role->second == "consul";
}

Status status_of(const MemberFacts& facts, const UpkeepOptions& options) {
  const auto now = static_cast<Status>(facts.member.status);
  if (facts.departing) return now;
  if (facts.is_leader) return Status::alive;
  if (now == Status::left) return now;
  if (!is_server(facts.member)) return status_by_lease(facts.lease, now);
  if (!facts.in_configuration) {
    // A leave that was cut short, or a server that was removed while it ran.
    if (now == Status::leaving) return Status::left;
    return now == Status::alive && is_older(facts, options.failed_after) ? Status::failed : now;
  }
  if (!facts.heard) return now;
  if (facts.heard->ago >= options.failed_after) return Status::failed;
  return facts.heard->answered ? Status::alive : now;
}

std::vector<CommandBody> upkeep_of(const MemberFacts& facts, const UpkeepOptions& options) {
  std::vector<CommandBody> commands;
  const auto before = static_cast<Status>(facts.member.status);
  const Status status = status_of(facts, options);
  const bool is_gone = status == Status::left || status == Status::failed;
  const bool owns_node = facts.has_node && facts.node_is_its_own;
  if (before == status && is_gone && !facts.in_configuration &&
      is_older(facts, options.reap_after)) {
    if (owns_node) commands.emplace_back(Deregister{.node = facts.member.name});
    commands.emplace_back(MemberUpdate{.member = facts.member, .remove = true});
    return commands;
  }
  if (status != before) {
    MemberUpdate update{.member = facts.member};
    update.member.status = static_cast<std::uint64_t>(status);
    commands.emplace_back(std::move(update));
  }
  switch (status) {
    case Status::alive:
      keep_alive(facts, commands);
      break;
    case Status::failed:
      if (owns_node && facts.health != "critical") {
        commands.emplace_back(health_of(facts.member, false));
      }
      break;
    case Status::left:
      if (owns_node) commands.emplace_back(Deregister{.node = facts.member.name});
      break;
    case Status::none:
    case Status::leaving:
      break;
  }
  return commands;
}

}  // namespace conclave::daemon
