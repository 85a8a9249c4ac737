#pragma once

/// The endpoints under /v1/agent, and /metrics (contract 6 and 7.2). Handlers run on the agent's
/// loop.

#include <memory>

#include "agent/checks/check_runners.h"
#include "agent/http/host.h"
#include "agent/http/options.h"
#include "agent/local/local_state.h"
#include "agent/sync/syncer.h"
#include "api/rest/router.h"
#include "base/core/rng.h"
#include "base/run/clock.h"
#include "base/run/loop.h"
#include "base/run/metrics.h"

namespace conclave::agent {

/// What the handlers work with; built by the composition root, outlives the router. Agent loop,
/// `metrics` apart.
struct AgentContext {
  Loop& loop;
  const Clock& clock;
  LocalState& local;
  CheckRunners& checks;
  Syncer& syncer;
  AgentHost& host;
  Metrics& metrics;
  AgentHttpOptions options;
  Rng rng;  ///< For jitter.
};

void add_agent_routes(api::Router& router, AgentContext& context);

}  // namespace conclave::agent
