#include "agent/rules/alias.h"

namespace conclave::agent {

CheckResult alias_result(const std::vector<api::HealthCheck>& checks) {
  if (checks.empty()) return {CheckStatus::passing, "No checks found."};
  CheckResult worst{CheckStatus::passing, "All checks passing."};
  for (const api::HealthCheck& check : checks) {
    const CheckStatus status = parse_status(check.status).value_or(CheckStatus::critical);
    if (status <= worst.status) continue;
    worst = {status, "Aliased check \"" + check.name + "\" failing: " + check.output};
  }
  return worst;
}

CheckResult alias_missing(const std::string& service_id, const std::string& node) {
  return {CheckStatus::critical, "Service " + service_id + " could not be found on node " + node};
}

}  // namespace conclave::agent
