#pragma once

/// `snapshot save` and `snapshot restore`: archives of the servers' state (contract 12).

#include "cli/commands/command.h"

namespace conclave::cli {

int run_snapshot_save(Terminal& terminal, const Arguments& arguments);
int run_snapshot_restore(Terminal& terminal, const Arguments& arguments);

}  // namespace conclave::cli
