#pragma once

/// What /v1/agent tells of this process, and how it reads requests.

#include <string>

#include "api/query/options.h"

namespace conclave::agent {

struct AgentHttpOptions {
  std::string primary_datacenter;  ///< "" = the own one.
  std::string revision;            ///< Of the source, may be "".
  std::string build_date = "1970-01-01T00:00:00Z";
  std::string data_dir = "/";  ///< Whose disk /v1/agent/host shows.
  bool server = true;
  bool bootstrap = false;
  bool strict_json = false;  ///< Unknown members of bodies are errors.
  /// telemetry.prometheus_retention_time > 0: /v1/agent/metrics?format=prometheus answers. /metrics
  /// always does.
  bool prometheus_enabled = false;
  /// In the names of gauges in /v1/agent/metrics; "" = none (telemetry.disable_hostname).
  std::string metrics_host;
  bool debug_enabled = false;  ///< enable_debug: /debug/pprof/* is there.
  api::WaitLimits waits;
};

}  // namespace conclave::agent
