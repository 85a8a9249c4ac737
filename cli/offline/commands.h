#pragma once

/// Commands that work on files of a server that does not run, rather than on an agent's HTTP API.

#include "cli/commands/command.h"

namespace conclave::cli {

/// `operator recover`: rebuilds a quorum from the one survivor whose data directory this is.
int run_operator_recover(Terminal& terminal, const Arguments& arguments);
/// `snapshot inspect`: what is in a saved snapshot.
int run_snapshot_inspect(Terminal& terminal, const Arguments& arguments);

}  // namespace conclave::cli
