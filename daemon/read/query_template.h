#pragma once

/// Templates of prepared queries (contract 13): each text of `Service` may hold `${name.full}`,
/// `${name.prefix}`, `${name.suffix}`, `${match(n)}` and `${agent.segment}`, filled in from the
/// name that is asked for; `$${` is a literal `${`. (Consul's expression language can do sums as
/// well; those are refused.)

#include <string_view>

#include "api/model/prepared_query.h"
#include "base/core/result.h"

namespace conclave::daemon {

/// What is wrong with a template: ErrorCode::failed, `failed compiling template: ...`. Also for a
/// query that is none.
Result<void> check_query_template(const api::PreparedQuery& query);

/// The query that a template makes of a name. match(n) is "" where the expression did not match or
/// has no such group. Does not fail for a template that was checked.
Result<api::PreparedQuery> render_query(const api::PreparedQuery& query, std::string_view name);

}  // namespace conclave::daemon
