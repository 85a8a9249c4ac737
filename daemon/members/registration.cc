#include <string>

#include "base/core/version.h"
#include "daemon/members/reconcile.h"

namespace conclave::daemon {
namespace {

// What Serf's clients expect to see of protocols that this project does not speak.
constexpr const char* serf_protocol = "2";
constexpr const char* raft_protocol = "3";

}  // namespace

api::HealthCheck serf_health(const std::string& node, bool alive) {
  return {.node = node,
          .check_id = "serfHealth",
          .name = "Serf Health Status",
          .status = alive ? "passing" : "critical",
          .output = alive ? "Agent alive and reachable" : "Agent not live or unreachable"};
}

api::NodeService consul_service(std::int64_t port) {
  return {.id = "consul",
          .service = "consul",
          .meta = {{"raft_version", raft_protocol},
                   {"serf_protocol_current", serf_protocol},
                   {"serf_protocol_max", "5"},
                   {"serf_protocol_min", "1"},
                   {"version", std::string(compatible_version)}},
          .port = port};
}

api::Member member_of(const NodeCard& card, api::MemberStatus status) {
  api::Member member{.id = card.node.id,
                     .name = card.node.node,
                     .address = card.node.address,
                     .port = card.serf_port,
                     .tags = {{"acls", "0"},
                              {"build", card.build},
                              {"dc", card.node.datacenter},
                              {"id", card.node.id},
                              {"role", card.server ? "consul" : "node"},
                              {"segment", ""},
                              {"vsn", serf_protocol},
                              {"vsn_max", "3"},
                              {"vsn_min", "2"}},
                     .status = static_cast<std::uint64_t>(status)};
  if (!card.server) return member;
  member.tags["port"] = std::to_string(card.server_port);
  member.tags["raft_vsn"] = raft_protocol;
  member.tags["wan_join_port"] = "8302";
  if (card.bootstrap) member.tags["bootstrap"] = "1";
  if (card.expect > 0) member.tags["expect"] = std::to_string(card.expect);
  return member;
}

Register registration_of(const NodeCard& card) {
  Register registration{.node = card.node, .checks = {serf_health(card.node.node, true)}};
  if (card.server) registration.service = consul_service(card.server_port);
  return registration;
}

}  // namespace conclave::daemon
