#pragma once

/// /v1/catalog/... (contract section 8).

#include "api/rest/router.h"
#include "daemon/http/context.h"

namespace conclave::daemon {

/// `context` must outlive the router.
void add_catalog_routes(api::Router& router, ServerContext& context);

}  // namespace conclave::daemon
