#pragma once

/// /v1/agent/metrics/stream: what /v1/agent/metrics shows, one line of JSON for each interval until
/// the client leaves (contract 1.1).

#include <string>

#include "agent/http/routes.h"
#include "api/http/message.h"
#include "base/run/loop.h"

namespace conclave::agent {

/// As the handlers of handlers.h.
Task<api::Response> stream_metrics(AgentContext* context, api::Request request, std::string rest);

}  // namespace conclave::agent
