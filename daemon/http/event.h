#pragma once

/// /v1/event/fire and /v1/event/list (contract 11).

#include "api/rest/router.h"
#include "daemon/http/context.h"

namespace conclave::daemon {

/// `context` must outlive the router.
void add_event_routes(api::Router& router, ServerContext& context);

}  // namespace conclave::daemon
