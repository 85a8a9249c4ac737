#pragma once

/// PUT /v1/txn (contract section 4).

#include "api/rest/router.h"
#include "daemon/http/context.h"

namespace conclave::daemon {

/// `context` must outlive the router.
void add_txn_routes(api::Router& router, ServerContext& context);

}  // namespace conclave::daemon
