#pragma once

/// /v1/kv/<key> (contract section 3).

#include "api/rest/router.h"
#include "daemon/http/context.h"

namespace conclave::daemon {

/// `context` must outlive the router.
void add_kv_routes(api::Router& router, ServerContext& context);

}  // namespace conclave::daemon
