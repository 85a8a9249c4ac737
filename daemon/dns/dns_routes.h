#pragma once

/// What agents ask a server for their DNS: GET /v1/internal/dns/{service|node|query|owner}/<name>,
/// answered with a finding (agent/dns/finding_record.h) that is bounded as agent/dns/part.h says.
/// It blocks and may be stale as every read; that there is nothing is an answer, too. Between
/// nodes only.

#include "api/rest/router.h"
#include "daemon/http/context.h"

namespace conclave::daemon {

/// `context` must outlive the router.
void add_dns_routes(api::Router& router, ServerContext& context);

}  // namespace conclave::daemon
