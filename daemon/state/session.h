#pragma once

/// Sessions: contract 5.1 and 5.3.

#include <string>
#include <vector>

#include "daemon/command/command.h"
#include "daemon/state/step.h"

namespace conclave::daemon {

Outcome apply_session_create(const SessionCreate& command, const ApplyTime& time, Rows& rows,
                             ChangeSet& changes);
/// True also for a session that is not there.
Outcome apply_session_end(const SessionEnd& command, const ApplyTime& time, Rows& rows,
                          ChangeSet& changes);

/// Ends a live session within a command: it is gone at once, what it held is released or deleted by
/// a removal on step.pending(), with lock-delays armed. Nothing if there is no such session.
void end_session(Step& step, const std::string& id);

/// All sessions that live: what a new leader starts its timers from (daemon/leases).
std::vector<ChangeSet::SessionBegan> live_sessions(const ReadRows& rows);

}  // namespace conclave::daemon
