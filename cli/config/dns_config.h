#pragma once

/// The part of the configuration that DNS works by (contract 15 and 16).

#include "base/core/result.h"
#include "cli/config/agent_config.h"
#include "cli/config/settings.h"
#include "cli/sockaddr/interfaces.h"

namespace conclave::cli {

/// Fills in `config.dns` and checks it. The datacenter is known already.
Result<void> fill_dns(const Settings& settings, const sockaddr::Interfaces& interfaces,
                      AgentConfig& config);

}  // namespace conclave::cli
