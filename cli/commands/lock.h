#pragma once

/// `lock`: runs a command while it holds a lock (contract 17, 5.5).

#include "cli/commands/command.h"

namespace conclave::cli {

int run_lock(Terminal& terminal, const Arguments& arguments);

}  // namespace conclave::cli
