#pragma once

/// `agent` and `validate`: the commands that work on this machine's configuration rather than on an
/// agent's HTTP API.

#include "cli/commands/command.h"

namespace conclave::cli {

int run_agent(Terminal& terminal, const Arguments& arguments);
int run_validate(Terminal& terminal, const Arguments& arguments);

}  // namespace conclave::cli
