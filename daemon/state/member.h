#pragma once

/// The member table (design section 1).

#include "daemon/command/command.h"
#include "daemon/state/change_set.h"
#include "daemon/state/state_machine.h"
#include "daemon/store/rows.h"

namespace conclave::daemon {

/// Writes or removes a member; the same as before changes nothing. `since`, `since_time_ms` and
/// `modify_index` of the command are ignored: they are this command's revision and time when the
/// status, or anything, changed.
Outcome apply_member_update(const MemberUpdate& command, const ApplyTime& time, Rows& rows,
                            ChangeSet& changes);

}  // namespace conclave::daemon
