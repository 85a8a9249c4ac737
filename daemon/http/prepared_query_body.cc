#include <fmt/format.h>

#include <string>
#include <utility>

#include "api/codec/reader.h"
#include "base/core/duration.h"
#include "daemon/http/prepared_query.h"
#include "daemon/read/query_template.h"

namespace conclave::daemon {

namespace {

/// What is shown in a token's place to those who may not see it.
constexpr std::string_view redacted_token = "<hidden>";

std::string failover_objection(const api::QueryFailover& failover) {
  if (failover.nearest_n < 0) {
    return fmt::format("Bad NearestN '{}', must be >= 0", failover.nearest_n);
  }
  const bool by_datacenter = failover.nearest_n != 0 || !failover.datacenters.empty();
  if (by_datacenter && !failover.targets.empty()) {
    return "Targets cannot be populated with NearestN or Datacenters";
  }
  return {};
}

std::string ttl_objection(const std::string& text) {
  if (text.empty()) return {};
  const auto ttl = parse_duration(text);
  if (!ttl.has_value()) return fmt::format("Bad DNS TTL '{}': {}", text, ttl.error().message);
  if (*ttl < Nanos(0)) return fmt::format("DNS TTL '{}', must be >=0", ttl->count());
  return {};
}

/// Why it is no query; "" = it is one.
std::string objection(const api::PreparedQuery& query) {
  if (query.name.empty() && !query.is_template() && query.session.empty()) {
    return "Must be bound to a session";
  }
  if (query.token == redacted_token) {
    return fmt::format(
        "Bad Token '{}', it looks like a query definition with a redacted token was submitted",
        query.token);
  }
  if (query.service.service.empty()) return "Must provide a Service name to query";
  if (auto text = failover_objection(query.service.failover); !text.empty()) return text;
  return ttl_objection(query.dns.ttl);
}

}  // namespace

Result<api::PreparedQuery> parse_prepared_query(std::string_view body,
                                                const ServerSettings& settings) {
  CONCLAVE_TRY_ASSIGN(api::PreparedQuery query,
                      api::decode_body<api::PreparedQuery>(body, {.strict = settings.strict_json}));
  query.create_index = query.modify_index = 0;
  if (const std::string text = objection(query); !text.empty()) {
    return fail(ErrorCode::failed, "Invalid prepared query: " + text);
  }
  CONCLAVE_TRY(check_query_template(query));
  return query;
}

}  // namespace conclave::daemon
