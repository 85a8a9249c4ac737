#pragma once

/// `rtt`: how far two nodes are from each other by their coordinates (contract 17).

#include "cli/commands/command.h"

namespace conclave::cli {

int run_rtt(Terminal& terminal, const Arguments& arguments);

}  // namespace conclave::cli
