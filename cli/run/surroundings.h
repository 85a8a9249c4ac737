#pragma once

/// What the process asks of the system around it, and tells it.

#include <string>

#include "cli/config/agent_config.h"
#include "cli/run/options.h"

namespace conclave::cli {

/// Raises the limit of open files to what the system allows: every waiting client is one.
void raise_open_file_limit();

/// Tells systemd (Type=notify) something like "READY=1"; no effect when it does not wait for it.
void notify_systemd(const char* state);

/// The lines with which an agent announces what it is and where it listens (contract 16.4).
std::string banner(const AgentConfig& config, const Identity& identity,
                   const std::vector<std::string>& http_addresses);

}  // namespace conclave::cli
