#include "agent/http/routes.h"

#include <string_view>
#include <utility>

#include "agent/http/handlers.h"
#include "agent/http/metrics_stream.h"

namespace conclave::agent {

namespace {

struct Endpoint {
  std::string_view prefix;
  api::Method method;
  AgentHandler handler;
  bool accepts_legacy_get = false;
};

constexpr auto get = api::Method::get;
constexpr auto put = api::Method::put;

constexpr Endpoint endpoints[] = {
    {"/v1/agent/service/register", put, register_service},
    {"/v1/agent/service/deregister/", put, deregister_service, true},
    {"/v1/agent/service/maintenance/", put, service_maintenance},
    {"/v1/agent/service/", get, read_service},
    {"/v1/agent/services", get, list_services},
    {"/v1/agent/check/register", put, register_check},
    {"/v1/agent/check/deregister/", put, deregister_check, true},
    {"/v1/agent/check/pass/", put, pass_check, true},
    {"/v1/agent/check/warn/", put, warn_check, true},
    {"/v1/agent/check/fail/", put, fail_check, true},
    {"/v1/agent/check/update/", put, update_check},
    {"/v1/agent/checks", get, list_checks},
    {"/v1/agent/health/service/id/", get, service_health_by_id},
    {"/v1/agent/health/service/name/", get, service_health_by_name},
    {"/v1/agent/maintenance", put, node_maintenance},
    {"/v1/agent/self", get, read_self},
    {"/v1/agent/members", get, list_members},
    {"/v1/agent/version", get, read_version},
    {"/v1/agent/host", get, read_host},
    {"/v1/agent/monitor", get, monitor_log},
    {"/v1/agent/metrics", get, read_metrics},
    {"/v1/agent/metrics/stream", get, stream_metrics},
    {"/v1/agent/reload", put, reload_agent},
    {"/v1/agent/leave", put, leave_cluster},
    {"/v1/agent/join/", put, join_cluster},
    {"/v1/agent/force-leave/", put, force_leave},
    {"/v1/agent/token/", put, set_token},
    {"/metrics", get, prometheus_metrics},
};

/// Only with enable_debug.
constexpr Endpoint debug_endpoints[] = {
    {"/debug/pprof/heap", get, show_heap},
    {"/debug/pprof/goroutine", get, show_threads},
    {"/debug/pprof/profile", get, profile_threads},
    {"/debug/pprof/trace", get, trace_log},
};

void add(api::Router& router, AgentContext& context, const Endpoint& endpoint) {
  api::Route route;
  route.prefix = endpoint.prefix;
  route.methods = {endpoint.method};
  route.loop = &context.loop;
  route.accepts_legacy_get = endpoint.accepts_legacy_get;
  route.handler = [at = &context, handler = endpoint.handler](api::Request request,
                                                              std::string rest) {
    return handler(at, std::move(request), std::move(rest));
  };
  router.add(std::move(route));
}

}  // namespace

void add_agent_routes(api::Router& router, AgentContext& context) {
  for (const Endpoint& endpoint : endpoints) add(router, context, endpoint);
  if (!context.options.debug_enabled) return;
  for (const Endpoint& endpoint : debug_endpoints) add(router, context, endpoint);
}

}  // namespace conclave::agent
