#include <string>

#include "base/core/version.h"
#include "daemon/members/members.h"

namespace conclave::daemon {
namespace {

// What Serf's clients expect to see of protocols that this project does not speak.
constexpr const char* serf_protocol = "2";
constexpr const char* raft_protocol = "3";

api::HealthCheck serf_health(const std::string& node) {
  return {.node = node,
          .check_id = "serfHealth",
          .name = "Serf Health Status",
          .status = "passing",
          .output = "Agent alive and reachable"};
}

api::NodeService consul_service(const MembersOptions& options) {
  return {.id = "consul",
          .service = "consul",
          .meta = {{"raft_version", raft_protocol},
                   {"serf_protocol_current", serf_protocol},
                   {"serf_protocol_max", "5"},
                   {"serf_protocol_min", "1"},
                   {"version", std::string(compatible_version)}},
          .port = options.server_port};
}

}  // namespace

api::Member member_of(const MembersOptions& options, api::MemberStatus status) {
  api::Member member{.id = options.node.id,
                     .name = options.node.node,
                     .address = options.node.address,
                     .port = options.serf_port,
                     .tags = {{"acls", "0"},
                              {"build", options.build},
                              {"dc", options.node.datacenter},
                              {"id", options.node.id},
                              {"port", std::to_string(options.server_port)},
                              {"raft_vsn", raft_protocol},
                              {"role", "consul"},
                              {"segment", ""},
                              {"vsn", serf_protocol},
                              {"vsn_max", "3"},
                              {"vsn_min", "2"},
                              {"wan_join_port", "8302"}},
                     .status = static_cast<std::uint64_t>(status)};
  if (options.bootstrap) member.tags["bootstrap"] = "1";
  return member;
}

Register registration_of(const MembersOptions& options) {
  return {.node = options.node,
          .service = consul_service(options),
          .checks = {serf_health(options.node.node)}};
}

}  // namespace conclave::daemon
