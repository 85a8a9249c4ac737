// /v1/agent/health/service: what load balancers ask an agent (contract 6.3).

#include <algorithm>
#include <utility>
#include <vector>

#include "agent/http/handlers.h"
#include "agent/http/parameters.h"
#include "agent/rules/definitions.h"
#include "agent/rules/status.h"
#include "api/codec/writer.h"
#include "api/model/agent_service.h"
#include "api/rest/respond.h"

namespace conclave::agent {

namespace {

api::AgentServiceHealth health_of(const AgentContext& context, const api::NodeService& row) {
  api::AgentServiceHealth health;
  health.checks = context.local.checks_of(row.id);
  health.aggregated_status = aggregated_status(*health.checks);
  health.service = agent_service(row, context.local.image().node.datacenter);
  return health;
}

/// `reason` is the whole body in text mode, and a header in both.
api::Response answer(const api::Request& request, int status, std::string reason,
                     std::string json) {
  api::Response response = wants_text(request) ? api::text_response(status, reason)
                                               : api::json_response(std::move(json));
  response.status = status;
  response.set_header("X-Consul-Reason", std::move(reason));
  return response;
}

/// maintenance before critical, warning, passing.
int badness(std::string_view aggregated) {
  if (aggregated == "maintenance") return 3;
  return static_cast<int>(parse_status(aggregated).value_or(CheckStatus::critical));
}

}  // namespace

Task<api::Response> service_health_by_id(AgentContext* context, api::Request request,
                                         std::string rest) {
  if (rest.empty()) co_return api::text_response(400, "Missing serviceID");
  const auto& services = context->local.image().services;
  const auto row = services.find(rest);
  if (row == services.end()) {
    const api::AgentServiceHealth none{"critical", std::nullopt, std::nullopt};
    co_return answer(request, 404, "ServiceId " + rest + " not found", api::to_json(none));
  }
  const api::AgentServiceHealth health = health_of(*context, row->second.service);
  co_return answer(request, health_http_status(health.aggregated_status), health.aggregated_status,
                   api::to_json(health));
}

Task<api::Response> service_health_by_name(AgentContext* context, api::Request request,
                                           std::string rest) {
  if (rest.empty()) co_return api::text_response(400, "Missing service Name");
  std::vector<api::AgentServiceHealth> found;
  std::string worst = "passing";
  for (const auto& [id, row] : context->local.image().services) {
    if (row.service.service != rest) continue;
    found.push_back(health_of(*context, row.service));
    const std::string& status = found.back().aggregated_status;
    if (badness(status) > badness(worst)) worst = status;
  }
  if (found.empty()) co_return answer(request, 404, "ServiceName " + rest + " Not Found", "[]");
  co_return answer(request, health_http_status(worst), worst, api::to_json(found));
}

}  // namespace conclave::agent
