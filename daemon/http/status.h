#pragma once

/// /v1/status/... (contract section 12).

#include "api/rest/router.h"
#include "daemon/http/context.h"

namespace conclave::daemon {

/// `context` must outlive the router.
void add_status_routes(api::Router& router, ServerContext& context);

}  // namespace conclave::daemon
