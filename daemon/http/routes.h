#pragma once

#include "api/rest/router.h"
#include "daemon/http/context.h"

namespace conclave::daemon {

/// Everything that servers answer: kv, txn, session, catalog, health, status, operator. `context`
/// must outlive the router; one router and context per loop.
void add_server_routes(api::Router& router, ServerContext& context);

}  // namespace conclave::daemon
