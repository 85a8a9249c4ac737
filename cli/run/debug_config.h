#pragma once

#include "api/codec/json_value.h"
#include "cli/config/agent_config.h"
#include "cli/run/options.h"

namespace conclave::cli {

/// `DebugConfig` of /v1/agent/self: the configuration in force under Consul's internal names, those
/// that clients are known to read among them (contract 6.4). No secrets.
api::JsonValue debug_config(const AgentConfig& config, const Identity& identity);

}  // namespace conclave::cli
