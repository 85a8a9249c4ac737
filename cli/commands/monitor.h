#pragma once

/// `monitor`: shows the agent's log as it is written (contract 17).

#include "cli/commands/command.h"

namespace conclave::cli {

int run_monitor(Terminal& terminal, const Arguments& arguments);

}  // namespace conclave::cli
