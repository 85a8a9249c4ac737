#pragma once

/// The status of a check, and of a service made of many (contract 7.3, 9).

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/model/catalog.h"

namespace conclave::agent {

/// Ordered by badness.
enum class CheckStatus { passing, warning, critical };

std::string_view status_text(CheckStatus status);
/// "passing", "warning" or "critical" exactly; nullopt for anything else.
std::optional<CheckStatus> parse_status(std::string_view text);

inline constexpr std::string_view node_maintenance_id = "_node_maintenance";
inline constexpr std::string_view service_maintenance_prefix = "_service_maintenance:";
inline constexpr std::string_view serf_health_id = "serfHealth";
/// The service that servers register for themselves; the leader's, never an agent's.
inline constexpr std::string_view consul_service_id = "consul";

/// maintenance > critical > warning > passing; no checks = "passing" (contract 9).
std::string_view aggregated_status(const std::vector<api::HealthCheck>& checks);

/// HTTP status of /v1/agent/health/service for an aggregated status: 200, 429 or 503
/// (contract 6.3).
int health_http_status(std::string_view aggregated);

}  // namespace conclave::agent
