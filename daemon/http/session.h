#pragma once

/// /v1/session/... (contract section 5).

#include <string_view>

#include "api/model/kv.h"
#include "api/rest/router.h"
#include "base/core/result.h"
#include "daemon/http/context.h"

namespace conclave::daemon {

/// `context` must outlive the router.
void add_session_routes(api::Router& router, ServerContext& context);

/// The session that a create request asks for, without its id: defaults, the interplay of Checks
/// and NodeChecks, the rule of LockDelay, TTL bounds (contract 5.1). Whether node and checks exist
/// is for apply to say.
Result<api::Session> parse_session(std::string_view body, const ServerSettings& settings);
/// The same, for another node than this server's if the request names none.
Result<api::Session> parse_session_at(std::string_view body, const ServerSettings& settings,
                                      const std::string& node);

}  // namespace conclave::daemon
