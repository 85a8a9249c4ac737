#pragma once

/// Removing what may be many rows: trees of keys, nodes with all they have, sessions with what they
/// hold. Each is a Removal on the step's stack; it may put smaller ones on top of itself. What does
/// not fit into one command's row limit stays on the stack and becomes a job.
///
/// A node-level check is the exception from the limit: its change raises the index of every service
/// on its node at once.

#include <cstdint>
#include <vector>

#include "daemon/command/command.h"
#include "daemon/state/step.h"

namespace conclave::daemon {

/// Works on step.pending() until it is empty or the command is full.
void run_removals(Step& step);

}  // namespace conclave::daemon
