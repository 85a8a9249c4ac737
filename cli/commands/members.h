#pragma once

/// `members`: who belongs to the cluster (contract 17).

#include "cli/commands/command.h"

namespace conclave::cli {

int run_members(Terminal& terminal, const Arguments& arguments);

}  // namespace conclave::cli
