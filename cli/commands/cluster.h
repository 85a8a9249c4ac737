#pragma once

/// `join` and `force-leave` (contract 17).

#include "cli/commands/command.h"

namespace conclave::cli {

int run_join(Terminal& terminal, const Arguments& arguments);
int run_force_leave(Terminal& terminal, const Arguments& arguments);

}  // namespace conclave::cli
