#pragma once

/// `keyring`: the cluster's keys, shown and changed while servers run (contract 17).

#include "cli/commands/command.h"

namespace conclave::cli {

int run_keyring(Terminal& terminal, const Arguments& arguments);

}  // namespace conclave::cli
