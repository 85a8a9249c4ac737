#pragma once

/// User events: the newest are kept, for whoever lists or waits for them (contract 11).

#include "daemon/command/command.h"
#include "daemon/state/change_set.h"
#include "daemon/state/state_machine.h"
#include "daemon/store/rows.h"

namespace conclave::daemon {

Outcome apply_fire_event(const FireEvent& command, const ApplyTime& time, Rows& rows,
                         ChangeSet& changes);

}  // namespace conclave::daemon
