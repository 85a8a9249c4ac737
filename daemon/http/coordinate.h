#pragma once

/// /v1/coordinate (contract section 12). Updates are gathered, the last one of a node counts, and
/// written every `coordinate_update_period`: they are estimates, and not worth a log entry each.

#include "api/rest/router.h"
#include "daemon/http/context.h"

namespace conclave::daemon {

/// `context` must outlive the router.
void add_coordinate_routes(api::Router& router, ServerContext& context);

}  // namespace conclave::daemon
