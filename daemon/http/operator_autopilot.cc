#include <fmt/chrono.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "api/codec/reader.h"
#include "api/codec/writer.h"
#include "api/model/autopilot.h"
#include "api/rest/respond.h"
#include "daemon/http/blocking.h"
#include "daemon/http/operator.h"
#include "daemon/http/write.h"
#include "daemon/tables/autopilot.h"

namespace conclave::daemon {
namespace {

std::string config_json(const api::AutopilotConfig& config) {
  std::string body;
  api::JsonObject(body)
      .add("CleanupDeadServers", config.cleanup_dead_servers)
      .add("LastContactThreshold", format_duration(config.last_contact_threshold))
      .add("MaxTrailingLogs", config.max_trailing_logs)
      .add("MinQuorum", config.min_quorum)
      .add("ServerStabilizationTime", format_duration(config.server_stabilization_time))
      .add("RedundancyZoneTag", config.redundancy_zone_tag)
      .add("DisableUpgradeMigration", config.disable_upgrade_migration)
      .add("UpgradeVersionTag", config.upgrade_version_tag)
      .add("CreateIndex", config.create_index)
      .add("ModifyIndex", config.modify_index)
      .end();
  return body;
}

/// RFC 3339 in UTC, whole seconds.
std::string rfc3339(Nanos wall) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(wall).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

std::string server_json(const ServerHealth& server) {
  std::string body;
  api::JsonObject(body)
      .add("ID", server.id)
      .add("Name", server.name)
      .add("Address", server.address)
      .add("SerfStatus", server.status)
      .add("Version", server.version)
      .add("Leader", server.leader)
      .add("LastContact", format_duration(server.last_contact))
      .add("LastTerm", server.last_term)
      .add("LastIndex", server.last_index)
      .add("Healthy", server.healthy)
      .add("Voter", server.voter)
      .add("StableSince", rfc3339(server.stable_since))
      .end();
  return body;
}

std::string_view role_text(const ServerHealth& server) {
  if (server.leader) return "leader";
  if (server.voter) return "voter";
  return server.caught_up ? "staging" : "non-voter";
}

std::string state_json(const ServerHealth& server) {
  std::string body;
  api::JsonObject(body)
      .add("ID", server.id)
      .add("Name", server.name)
      .add("Address", server.address)
      .add("NodeStatus", server.status)
      .add("Version", server.version)
      .add("LastContact", format_duration(server.last_contact))
      .add("LastTerm", server.last_term)
      .add("LastIndex", server.last_index)
      .add("Healthy", server.healthy)
      .add("StableSince", rfc3339(server.stable_since))
      .add("ReadReplica", false)
      .add("Status", role_text(server))
      .add_raw("Meta", "{}")
      .add("NodeType", "voter")
      .end();
  return body;
}

Task<api::Response> read_config(OperatorContext* context, api::Request request) {
  const auto scope = check_scope(context->server, request);
  if (!scope) co_return api::error_response(scope.error());
  const auto permit = co_await context->server.replica.read_permit(Consistency::standard);
  if (!permit) co_return api::error_response(permit.error());
  const auto config = read_autopilot(context->server.reader.open().rows());
  co_return api::json_response(config_json(config.value_or(api::AutopilotConfig{})));
}

Result<void> read_body(const std::string& body, const ServerContext& context,
                       api::AutopilotConfig& config) {
  CONCLAVE_TRY_ASSIGN(const api::JsonValue json, api::parse_json(body));
  CONCLAVE_TRY(api::read_json(json, config, {.strict = context.settings->strict_json}));
  if (config.last_contact_threshold < Nanos{} || config.server_stabilization_time < Nanos{}) {
    return fail(ErrorCode::bad_request, "durations must not be negative");
  }
  return {};
}

Task<api::Response> write_config(OperatorContext* context, api::Request request) {
  const auto scope = check_scope(context->server, request);
  if (!scope) co_return api::error_response(scope.error());
  SetAutopilot command;
  if (const auto cas = request.parameter("cas")) {
    const auto index = parse_uint(*cas);
    if (!index) {
      co_return api::text_response(400, "Error parsing cas value: " + index.error().message);
    }
    command.cas = true;
    command.index = *index;
  }
  // What the body leaves out has its default, as in Consul.
  if (const auto read = read_body(request.body, context->server, command.config); !read) {
    co_return api::text_response(400, "Error parsing autopilot config: " + read.error().message);
  }
  auto named = make_command(request, std::move(command));
  if (!named) co_return api::error_response(named.error());
  co_return co_await commit_and_answer(&context->server, std::move(*named));
}

Task<api::Response> show_health(OperatorContext* context, api::Request request) {
  const auto scope = check_scope(context->server, request);
  if (!scope) co_return api::error_response(scope.error());
  const auto report = co_await context->server.cluster.autopilot_report();
  if (!report) co_return api::error_response(report.error());
  std::string servers;
  for (const ServerHealth& server : report->servers) {
    servers += (servers.empty() ? "" : ",") + server_json(server);
  }
  std::string body;
  api::JsonObject(body)
      .add("Healthy", report->healthy)
      .add("FailureTolerance", report->failure_tolerance)
      .add_raw("Servers", "[" + servers + "]")
      .end();
  api::Response response = api::json_response(std::move(body));
  // Checks of load balancers and scripts look at the status alone (contract 12).
  if (!report->healthy) response.status = 429;
  co_return response;
}

Task<api::Response> show_state(OperatorContext* context, api::Request request) {
  const auto scope = check_scope(context->server, request);
  if (!scope) co_return api::error_response(scope.error());
  const auto report = co_await context->server.cluster.autopilot_report();
  if (!report) co_return api::error_response(report.error());
  std::string servers;
  api::JsonObject by_id(servers);
  std::string leader;
  std::vector<std::string> voters;
  for (const ServerHealth& server : report->servers) {
    by_id.add_raw(server.id, state_json(server));
    if (server.leader) leader = server.id;
    if (server.voter) voters.push_back(server.id);
  }
  by_id.end();
  std::string body;
  api::JsonObject(body)
      .add("Healthy", report->healthy)
      .add("FailureTolerance", report->failure_tolerance)
      .add("OptimisticFailureTolerance", report->failure_tolerance)
      .add_raw("Servers", servers)
      .add("Leader", leader)
      .add("Voters", voters)
      .add_raw("ReadReplicas", "null")
      .end();
  co_return api::json_response(std::move(body));
}

}  // namespace

void add_operator_autopilot_routes(api::Router& router, OperatorContext& context) {
  using api::Method;
  const OperatorRoutes routes{router, context};
  routes.add(Method::get, "/v1/operator/autopilot/configuration", read_config);
  routes.add(Method::put, "/v1/operator/autopilot/configuration", write_config);
  routes.add(Method::get, "/v1/operator/autopilot/health", show_health);
  routes.add(Method::get, "/v1/operator/autopilot/state", show_state);
}

}  // namespace conclave::daemon
