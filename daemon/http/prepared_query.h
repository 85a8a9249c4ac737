#pragma once

/// /v1/query (contract section 13).

#include <string_view>

#include "api/model/prepared_query.h"
#include "api/rest/router.h"
#include "base/core/result.h"
#include "daemon/http/context.h"

namespace conclave::daemon {

/// `context` must outlive the router.
void add_prepared_query_routes(api::Router& router, ServerContext& context);

/// The query that a create or update request asks for, without id and indexes, and what is wrong
/// with it as far as that can be said without the state: a 400 for its JSON, else `Invalid prepared
/// query: ...` and what check_query_template() says.
Result<api::PreparedQuery> parse_prepared_query(std::string_view body,
                                                const ServerSettings& settings);

}  // namespace conclave::daemon
