#pragma once

/// The root certificate of a service mesh (contract 1.1).

#include "daemon/command/command.h"
#include "daemon/state/change_set.h"
#include "daemon/state/state_machine.h"
#include "daemon/store/rows.h"

namespace conclave::daemon {

/// The first one stays: several servers may propose one at the same time.
Outcome apply_set_ca_root(const SetCaRoot& command, const ApplyTime& time, Rows& rows,
                          ChangeSet& changes);

}  // namespace conclave::daemon
