#pragma once

/// /v1/health/... (contract section 9).

#include "api/rest/router.h"
#include "daemon/http/context.h"

namespace conclave::daemon {

/// `context` must outlive the router.
void add_health_routes(api::Router& router, ServerContext& context);

}  // namespace conclave::daemon
