#pragma once

/// Forgetting what has served its time: tombstones and lock-delays that are over. Proposed by
/// daemon/leases.

#include "daemon/command/command.h"
#include "daemon/state/change_set.h"
#include "daemon/state/state_machine.h"
#include "daemon/store/rows.h"

namespace conclave::daemon {

// Both answer done = false when the row limit was reached: propose the same again.

Outcome apply_reap_tombstones(const ReapTombstones& command, const ApplyTime& time, Rows& rows,
                              ChangeSet& changes);
Outcome apply_reap_lock_delays(const ApplyTime& time, Rows& rows, ChangeSet& changes);

}  // namespace conclave::daemon
