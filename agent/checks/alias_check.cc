#include "agent/checks/alias_check.h"

#include <vector>

#include "base/core/text.h"

namespace conclave::agent {

bool alias_is_local(const LocalState& local, const api::CheckDefinition& check) {
  return check.alias_node.empty() || equal_ignoring_case(check.alias_node, local.image().node.node);
}

CheckResult judge_local_alias(const LocalState& local, const api::CheckDefinition& check) {
  if (!check.alias_service.empty() && !local.services().contains(check.alias_service)) {
    return alias_missing(check.alias_service, local.image().node.node);
  }
  std::vector<api::HealthCheck> checks = local.checks_of(check.alias_service);
  std::erase_if(checks, [&](const api::HealthCheck& row) { return row.check_id == check.id; });
  return alias_result(checks);
}

Task<CheckResult> probe_remote_alias(NodeLookup lookup, api::CheckDefinition check) {
  const Result<CatalogImage> found = co_await lookup(check.alias_node);
  if (!found) {
    co_return CheckResult{CheckStatus::critical,
                          "Failure checking aliased node or service: " + found.error().message};
  }
  if (!check.alias_service.empty() && !found->services.contains(check.alias_service)) {
    co_return alias_missing(check.alias_service, check.alias_node);
  }
  std::vector<api::HealthCheck> checks;
  for (const auto& [id, row] : found->checks) {
    if (row.service_id.empty() || row.service_id == check.alias_service) checks.push_back(row);
  }
  co_return alias_result(checks);
}

}  // namespace conclave::agent
