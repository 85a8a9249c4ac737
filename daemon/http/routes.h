#pragma once

#include "api/rest/router.h"
#include "daemon/http/context.h"
#include "daemon/http/operator.h"

namespace conclave::daemon {

/// Everything that servers answer: kv, txn, session, catalog, health, status, operator. The
/// contexts must outlive the router; one router and contexts per loop.
void add_server_routes(api::Router& router, ServerContext& context, OperatorContext& operators);

}  // namespace conclave::daemon
