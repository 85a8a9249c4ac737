#pragma once

/// Autopilot's configuration (contract 12).

#include "daemon/command/command.h"
#include "daemon/state/change_set.h"
#include "daemon/state/state_machine.h"
#include "daemon/store/rows.h"

namespace conclave::daemon {

/// Replaces the configuration; the same as before changes nothing. With `cas`, Outcome::done is
/// false unless it was last changed at `index` (0: there is none).
Outcome apply_set_autopilot(const SetAutopilot& command, const ApplyTime& time, Rows& rows,
                            ChangeSet& changes);

}  // namespace conclave::daemon
