#pragma once

/// `services register`, `services deregister`: services of the agent, from flags or from files in
/// the form of the agent's configuration (contract 17, 16.3).

#include "cli/commands/command.h"

namespace conclave::cli {

int run_services_register(Terminal& terminal, const Arguments& arguments);
int run_services_deregister(Terminal& terminal, const Arguments& arguments);

}  // namespace conclave::cli
