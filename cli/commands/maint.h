#pragma once

/// `maint`: puts the node or a service into maintenance and back (contract 17, 6.2).

#include "cli/commands/command.h"

namespace conclave::cli {

int run_maint(Terminal& terminal, const Arguments& arguments);

}  // namespace conclave::cli
