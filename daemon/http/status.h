#pragma once

/// /v1/status/... and /v1/operator/raft/configuration (contract section 12).

#include "api/rest/router.h"
#include "daemon/http/context.h"

namespace conclave::daemon {

/// `context` must outlive the router.
void add_status_routes(api::Router& router, ServerContext& context);
/// What ClusterView knows, for a server whose configuration cannot change.
void add_raft_configuration_route(api::Router& router, ServerContext& context);

}  // namespace conclave::daemon
