#pragma once

/// The handlers behind agent/http/routes.h, one source file per family. `rest` is the decoded path
/// after the route's prefix.

#include <string>

#include "agent/http/routes.h"
#include "api/http/message.h"
#include "base/run/loop.h"

namespace conclave::agent {

/// Lazy: nothing of a handler runs before the router has moved it to the agent's loop. The context
/// outlives every request.
using AgentHandler = Task<api::Response> (*)(AgentContext* context, api::Request request,
                                             std::string rest);

#define CONCLAVE_AGENT_HANDLER(name) \
  Task<api::Response> name(AgentContext* context, api::Request request, std::string rest)

// service_handlers.cc
CONCLAVE_AGENT_HANDLER(register_service);
CONCLAVE_AGENT_HANDLER(deregister_service);
CONCLAVE_AGENT_HANDLER(list_services);
CONCLAVE_AGENT_HANDLER(read_service);
// check_handlers.cc
CONCLAVE_AGENT_HANDLER(register_check);
CONCLAVE_AGENT_HANDLER(deregister_check);
CONCLAVE_AGENT_HANDLER(list_checks);
CONCLAVE_AGENT_HANDLER(pass_check);
CONCLAVE_AGENT_HANDLER(warn_check);
CONCLAVE_AGENT_HANDLER(fail_check);
CONCLAVE_AGENT_HANDLER(update_check);
// health_handlers.cc
CONCLAVE_AGENT_HANDLER(service_health_by_id);
CONCLAVE_AGENT_HANDLER(service_health_by_name);
// control_handlers.cc
CONCLAVE_AGENT_HANDLER(service_maintenance);
CONCLAVE_AGENT_HANDLER(node_maintenance);
CONCLAVE_AGENT_HANDLER(reload_agent);
CONCLAVE_AGENT_HANDLER(leave_cluster);
CONCLAVE_AGENT_HANDLER(join_cluster);
CONCLAVE_AGENT_HANDLER(force_leave);
CONCLAVE_AGENT_HANDLER(set_token);
// info_handlers.cc
CONCLAVE_AGENT_HANDLER(read_self);
CONCLAVE_AGENT_HANDLER(list_members);
CONCLAVE_AGENT_HANDLER(read_version);
CONCLAVE_AGENT_HANDLER(read_host);
CONCLAVE_AGENT_HANDLER(read_metrics);
CONCLAVE_AGENT_HANDLER(prometheus_metrics);
// debug_handlers.cc
CONCLAVE_AGENT_HANDLER(show_heap);
CONCLAVE_AGENT_HANDLER(show_threads);
CONCLAVE_AGENT_HANDLER(profile_threads);
CONCLAVE_AGENT_HANDLER(trace_log);
// monitor_handler.cc
CONCLAVE_AGENT_HANDLER(monitor_log);

#undef CONCLAVE_AGENT_HANDLER

}  // namespace conclave::agent
