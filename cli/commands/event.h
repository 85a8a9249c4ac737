#pragma once

/// `event`: fires a user event (contract 17, 11).

#include "cli/commands/command.h"

namespace conclave::cli {

int run_event(Terminal& terminal, const Arguments& arguments);

}  // namespace conclave::cli
