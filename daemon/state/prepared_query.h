#pragma once

/// Prepared queries (contract 13): written, removed, and removed with their session. What their
/// words mean is the readers' affair; here only what concerns other rows is judged.

#include "daemon/command/command.h"
#include "daemon/state/step.h"

namespace conclave::daemon {

Outcome apply_write_query(const WriteQuery& command, const ApplyTime& time, Rows& rows,
                          ChangeSet& changes);

/// Removes one within a command.
void erase_query(Step& step, const api::PreparedQuery& query);

}  // namespace conclave::daemon
