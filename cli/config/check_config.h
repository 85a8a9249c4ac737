#pragma once

/// What a configuration must fulfil before anything is opened: each failure is one sentence.

#include "base/core/result.h"
#include "cli/config/agent_config.h"
#include "cli/config/settings.h"

namespace conclave::cli {

/// `settings` only to say where a value came from.
Result<void> check_config(const AgentConfig& config, const Settings& settings);

}  // namespace conclave::cli
