#pragma once

#include "api/rest/router.h"
#include "daemon/http/context.h"
#include "daemon/http/operator.h"

namespace conclave::daemon {

/// Everything that servers answer: kv, txn, session, catalog, health, status, operator. The
/// contexts must outlive the router; one router and contexts per loop. Without `operators` of
/// /v1/operator only raft/configuration is there, as ClusterView knows it.
void add_server_routes(api::Router& router, ServerContext& context,
                       OperatorContext* operators = nullptr);

}  // namespace conclave::daemon
