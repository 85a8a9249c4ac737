// Maintenance, reload, leave and tokens (contract 6.2, 6.4).

#include <array>
#include <utility>

#include "agent/http/handlers.h"
#include "agent/http/parameters.h"
#include "api/rest/respond.h"

namespace conclave::agent {

namespace {

Task<api::Response> set_maintenance(AgentContext* context, api::Request request,
                                    std::string service_id) {
  const Result<bool> enable = enable_parameter(request);
  if (!enable) co_return api::error_response(enable.error());
  LocalState& local = context->local;
  const std::string reason(request.parameter("reason").value_or(""));
  const Result<void> done = *enable ? local.enable_maintenance(service_id, reason)
                                    : local.disable_maintenance(service_id);
  if (!done) co_return api::error_response(done.error());
  co_await context->syncer.push();
  co_return api::empty_response();
}

}  // namespace

Task<api::Response> service_maintenance(AgentContext* context, api::Request request,
                                        std::string rest) {
  if (rest.empty()) co_return api::text_response(400, "Missing service ID");
  co_return co_await set_maintenance(context, std::move(request), std::move(rest));
}

Task<api::Response> node_maintenance(AgentContext* context, api::Request request,
                                     std::string rest) {
  static_cast<void>(rest);
  return set_maintenance(context, std::move(request), {});
}

Task<api::Response> reload_agent(AgentContext* context, api::Request request, std::string rest) {
  static_cast<void>(request), static_cast<void>(rest);
  const Result<void> done = co_await context->host.reload();
  // Whatever is wrong with the new configuration, the request was not (contract 6.4).
  if (!done) co_return api::text_response(500, done.error().message);
  co_return api::empty_response();
}

Task<api::Response> leave_cluster(AgentContext* context, api::Request request, std::string rest) {
  static_cast<void>(request), static_cast<void>(rest);
  const Result<void> done = co_await context->host.leave();
  if (!done) co_return api::text_response(500, done.error().message);
  co_return api::empty_response();
}

/// There is one datacenter: joining over the WAN is joining.
Task<api::Response> join_cluster(AgentContext* context, api::Request request, std::string rest) {
  static_cast<void>(request);
  if (rest.empty()) co_return api::text_response(400, "Missing address to join");
  const Result<void> done = co_await context->host.join(std::move(rest));
  if (!done) co_return api::text_response(500, "Error joining " + done.error().message);
  co_return api::empty_response();
}

Task<api::Response> force_leave(AgentContext* context, api::Request request, std::string rest) {
  if (rest.empty()) co_return api::text_response(400, "Missing node name");
  const bool prune = request.has_parameter("prune");
  std::string name = std::move(rest);
  if (request.has_parameter("wan")) {
    // Names of the WAN say the datacenter, of which there is one.
    const std::string suffix = "." + context->local.image().node.datacenter;
    if (name.ends_with(suffix)) name.resize(name.size() - suffix.size());
  }
  const Result<void> done = co_await context->host.force_leave(std::move(name), prune);
  if (!done) co_return api::text_response(500, done.error().message);
  co_return api::empty_response();
}

Task<api::Response> set_token(AgentContext* context, api::Request request, std::string rest) {
  static_cast<void>(context), static_cast<void>(request), static_cast<void>(rest);
  // There are no ACLs yet, so every agent is one with ACLs disabled.
  co_return api::text_response(401, "ACL support disabled");
}

}  // namespace conclave::agent
