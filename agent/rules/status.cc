#include "agent/rules/status.h"

#include <algorithm>
#include <array>

#include "base/core/assert.h"

namespace conclave::agent {

namespace {

constexpr std::array<std::string_view, 3> names = {"passing", "warning", "critical"};

bool is_maintenance(std::string_view check_id) {
  return check_id == node_maintenance_id || check_id.starts_with(service_maintenance_prefix);
}

}  // namespace

std::string_view status_text(CheckStatus status) { return names[static_cast<std::size_t>(status)]; }

std::optional<CheckStatus> parse_status(std::string_view text) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == text) return static_cast<CheckStatus>(i);
  }
  return std::nullopt;
}

std::string_view aggregated_status(const std::vector<api::HealthCheck>& checks) {
  CheckStatus worst = CheckStatus::passing;
  for (const api::HealthCheck& check : checks) {
    if (is_maintenance(check.check_id)) return "maintenance";
    worst = std::max(worst, parse_status(check.status).value_or(CheckStatus::critical));
  }
  return status_text(worst);
}

int health_http_status(std::string_view aggregated) {
  if (aggregated == "passing") return 200;
  if (aggregated == "warning") return 429;
  return 503;
}

}  // namespace conclave::agent
