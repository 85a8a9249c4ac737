// /v1/agent/self, members, version, host, metrics, and /metrics (contract 6.4).

#include <algorithm>
#include <thread>
#include <utility>
#include <vector>

#include "agent/http/handlers.h"
#include "agent/http/machine.h"
#include "agent/http/parameters.h"
#include "api/codec/writer.h"
#include "api/model/agent_member.h"
#include "api/rest/respond.h"
#include "base/core/text.h"
#include "base/core/version.h"

namespace conclave::agent {

namespace {

constexpr std::string_view prometheus_type = "text/plain; version=0.0.4; charset=utf-8";
constexpr std::int64_t wan_port = 8302;
constexpr std::int64_t lan_port = 8301;
/// A node that has measured no round trips yet.
constexpr std::string_view coordinate =
    R"({"Adjustment":0,"Error":1.5,"Height":0.00001,"Vec":[0,0,0,0,0,0,0,0]})";
/// Kept with the name of the architecture as Go spells it.
#if defined(__x86_64__)
constexpr std::string_view architecture = "amd64";
#elif defined(__aarch64__)
constexpr std::string_view architecture = "arm64";
#else
constexpr std::string_view architecture = "unknown";
#endif

api::AgentMember as_serf_shows(const api::Member& member) {
  api::AgentMember shown;
  shown.name = member.name;
  shown.address = member.address;
  shown.port = member.port;
  shown.tags = member.tags;
  shown.status = member.status;
  return shown;
}

/// This node before the member table has it.
api::AgentMember own_member(const AgentContext& context) {
  const api::Node& node = context.local.image().node;
  api::AgentMember member;
  member.name = node.node;
  member.address = node.address;
  member.port = lan_port;
  member.status = static_cast<std::uint64_t>(api::MemberStatus::alive);
  member.tags = {{"role", context.options.server ? "consul" : "node"},
                 {"dc", node.datacenter},
                 {"id", node.id},
                 {"build", std::string(compatible_version) + ":" + context.options.revision}};
  return member;
}

bool is_own(const AgentContext& context, const api::AgentMember& member) {
  return equal_ignoring_case(member.name, context.local.image().node.node);
}

/// All members, this node among them.
Task<std::vector<api::AgentMember>> all_members(AgentContext* context) {
  std::vector<api::AgentMember> members;
  for (const api::Member& member : co_await context->host.members()) {
    members.push_back(as_serf_shows(member));
  }
  const bool has_own = std::ranges::any_of(
      members, [&](const api::AgentMember& member) { return is_own(*context, member); });
  if (!has_own) members.push_back(own_member(*context));
  co_return members;
}

std::string config_json(const AgentContext& context) {
  const api::Node& node = context.local.image().node;
  const AgentHttpOptions& options = context.options;
  std::string out;
  api::JsonObject object(out);
  object.add("Datacenter", node.datacenter);
  object.add("PrimaryDatacenter",
             options.primary_datacenter.empty() ? node.datacenter : options.primary_datacenter);
  object.add("NodeName", node.node);
  object.add("NodeID", node.id);
  object.add("Revision", options.revision);
  object.add("Server", options.server);
  object.add("Version", compatible_version);
  object.add("BuildDate", options.build_date);
  object.end();
  return out;
}

std::string_view bool_text(bool value) { return value ? "true" : "false"; }

std::size_t count_status(const std::vector<api::AgentMember>& members, api::MemberStatus status) {
  return static_cast<std::size_t>(std::ranges::count_if(members, [&](const auto& member) {
    return member.status == static_cast<std::uint64_t>(status);
  }));
}

std::map<std::string, api::StringMap> stats_of(const AgentContext& context,
                                               const ServerStats& server,
                                               const std::vector<api::AgentMember>& members) {
  const auto number = [](std::size_t value) { return std::to_string(value); };
  const std::string processors = number(std::thread::hardware_concurrency());
  std::map<std::string, api::StringMap> stats;
  stats["agent"] = {{"checks", number(context.local.checks().size())},
                    {"services", number(context.local.services().size())},
                    {"check_monitors", number(context.checks.monitors())},
                    {"check_ttls", number(context.checks.ttls())}};
  stats["build"] = {{"version", std::string(compatible_version)},
                    {"conclave_version", std::string(conclave_version)},
                    {"revision", context.options.revision},
                    {"prerelease", ""}};
  stats["runtime"] = {{"arch", std::string(architecture)},
                      {"os", "linux"},
                      {"version", "c++23"},
                      {"goroutines", "0"},
                      {"cpu_count", processors},
                      {"max_procs", processors}};
  stats["serf_lan"] = {{"members", number(members.size())},
                       {"failed", number(count_status(members, api::MemberStatus::failed))},
                       {"left", number(count_status(members, api::MemberStatus::left))},
                       {"health_score", "0"}};
  if (context.options.server) {
    stats["consul"] = {{"server", "true"},
                       {"leader", std::string(bool_text(server.leader))},
                       {"leader_addr", server.leader_address},
                       {"bootstrap", std::string(bool_text(context.options.bootstrap))},
                       {"known_datacenters", "1"}};
    stats["raft"] = server.raft;
  } else {
    stats["consul"] = {{"server", "false"}, {"known_servers", number(server.known_servers)}};
  }
  return stats;
}

api::StringMap meta_of(const AgentContext& context) {
  api::StringMap meta = context.local.image().node.meta;
  meta.try_emplace("consul-network-segment", "");
  meta.try_emplace("consul-version", std::string(compatible_version));
  return meta;
}

}  // namespace

Task<api::Response> read_self(AgentContext* context, api::Request request, std::string rest) {
  static_cast<void>(request), static_cast<void>(rest);
  const std::vector<api::AgentMember> members = co_await all_members(context);
  const ServerStats server = co_await context->host.stats();
  const auto own = std::ranges::find_if(
      members, [&](const api::AgentMember& member) { return is_own(*context, member); });
  std::string out;
  api::JsonObject object(out);
  object.add_raw("Config", config_json(*context));
  object.add("DebugConfig", context->host.debug_config());
  object.add_raw("Coord", coordinate);
  object.add("Member", *own);
  object.add("Stats", stats_of(*context, server, members));
  object.add("Meta", meta_of(*context));
  object.end();
  co_return api::json_response(std::move(out));
}

Task<api::Response> list_members(AgentContext* context, api::Request request, std::string rest) {
  static_cast<void>(rest);
  const auto filter = filter_parameter<api::AgentMember>(request);
  if (!filter) co_return api::error_response(filter.error());
  std::vector<api::AgentMember> members = co_await all_members(context);
  if (!request.parameter("wan").value_or("").empty()) {
    // Only servers know the other datacenters, under names that say which.
    std::erase_if(members, [](const api::AgentMember& member) {
      const auto role = member.tags.find("role");
      return role == member.tags.end() || role->second != "consul";
    });
    for (api::AgentMember& member : members) {
      member.name += "." + context->local.image().node.datacenter;
      member.port = wan_port;
    }
  }
  filter->keep_accepted(members);
  co_return api::json_response(api::to_json(members));
}

Task<api::Response> read_version(AgentContext* context, api::Request request, std::string rest) {
  static_cast<void>(request), static_cast<void>(rest);
  std::string out;
  api::JsonObject object(out);
  object.add("SHA", context->options.revision);
  object.add("BuildDate", context->options.build_date);
  object.add("HumanVersion", compatible_version);
  object.add("FIPS", "");
  object.add("ConclaveVersion", conclave_version);
  object.end();
  co_return api::json_response(std::move(out));
}

Task<api::Response> read_host(AgentContext* context, api::Request request, std::string rest) {
  static_cast<void>(request), static_cast<void>(rest);
  co_return api::json_response(host_json(context->options.data_dir));
}

Task<api::Response> prometheus_metrics(AgentContext* context, api::Request request,
                                       std::string rest) {
  static_cast<void>(request), static_cast<void>(rest);
  api::Response response = api::text_response(200, context->metrics.prometheus_text());
  response.content_type = prometheus_type;
  co_return response;
}

Task<api::Response> read_metrics(AgentContext* context, api::Request request, std::string rest) {
  if (!wants_prometheus(request)) {
    co_return api::json_response(context->metrics.consul_json(context->options.metrics_host));
  }
  if (context->options.prometheus_enabled) {
    co_return co_await prometheus_metrics(context, std::move(request), std::move(rest));
  }
  api::Response response = api::text_response(415, "");
  response.set_header("X-Consul-Reason",
                      "Prometheus is not enabled since its retention time is not positive");
  co_return response;
}

}  // namespace conclave::agent
