#pragma once

/// `reload`, `leave`, `info`, `version`: commands about the agent itself (contract 17).

#include "cli/commands/command.h"

namespace conclave::cli {

int run_reload(Terminal& terminal, const Arguments& arguments);
int run_leave(Terminal& terminal, const Arguments& arguments);
int run_info(Terminal& terminal, const Arguments& arguments);
int run_version(Terminal& terminal, const Arguments& arguments);

}  // namespace conclave::cli
