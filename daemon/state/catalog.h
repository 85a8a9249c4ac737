#pragma once

/// Register and Deregister (contract 8.1): what the request must say, and the parts in one atomic
/// step.

#include "daemon/command/command.h"
#include "daemon/state/change_set.h"
#include "daemon/state/state_machine.h"
#include "daemon/store/rows.h"

namespace conclave::daemon {

Outcome apply_register(const Register& command, const ApplyTime& time, Rows& rows,
                       ChangeSet& changes);
/// True also when nothing matches.
Outcome apply_deregister(const Deregister& command, const ApplyTime& time, Rows& rows,
                         ChangeSet& changes);

}  // namespace conclave::daemon
