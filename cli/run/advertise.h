#pragma once

#include <string>

#include "base/core/result.h"
#include "cli/config/agent_config.h"

namespace conclave::cli {

/// The IP address under which others reach this node: advertise_addr, else bind_addr, else (bound
/// to every address) this machine's only private IPv4 address, or its only other one. Several of
/// them are an error that asks for a choice; with none at all it is the loopback address.
Result<std::string> advertised_address(const AgentConfig& config);

}  // namespace conclave::cli
