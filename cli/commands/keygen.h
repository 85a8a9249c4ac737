#pragma once

/// `keygen`: a new key for `encrypt`. Asks no agent.

#include "cli/commands/command.h"

namespace conclave::cli {

int run_keygen(Terminal& terminal, const Arguments& arguments);

}  // namespace conclave::cli
