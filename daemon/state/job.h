#pragma once

/// Left-over removals and their continuation (design section 3).

#include <cstdint>
#include <vector>

#include "daemon/command/command.h"
#include "daemon/state/change_set.h"
#include "daemon/state/state_machine.h"
#include "daemon/store/rows.h"

namespace conclave::daemon {

/// Done with job 0 once nothing is left, also for a job that is not (any more) there.
Outcome apply_continue_job(const ContinueJob& command, const ApplyTime& time, Rows& rows,
                           ChangeSet& changes);

/// Ids of the jobs that a leader has to go on with, oldest first.
std::vector<std::uint64_t> open_jobs(const ReadRows& rows);

}  // namespace conclave::daemon
