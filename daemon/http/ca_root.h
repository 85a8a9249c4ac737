#pragma once

/// /v1/agent/connect/ca/roots and /v1/connect/ca/roots (contract 1.1): one root, made when it is
/// first asked for and replicated, that signs nothing. There is no service mesh here; tools wait
/// for this answer before they begin.

#include "api/rest/router.h"
#include "daemon/http/context.h"

namespace conclave::daemon {

/// `context` must outlive the router.
void add_ca_root_routes(api::Router& router, ServerContext& context);

}  // namespace conclave::daemon
