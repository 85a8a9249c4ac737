#pragma once

/// /v1/acl while there is no access control: every endpoint answers 401 `ACL support disabled`, as
/// Consul does with ACLs switched off (contract 14.1), by which tools know.

#include "api/rest/router.h"
#include "daemon/http/context.h"

namespace conclave::daemon {

/// `context` must outlive the router.
void add_acl_disabled_routes(api::Router& router, ServerContext& context);

}  // namespace conclave::daemon
