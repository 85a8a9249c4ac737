#pragma once

/// The replicated state machine: a pure function of the rows, a command and the entry's time. No clock,
/// no randomness, no I/O, no hash order; equal inputs give equal rows and equal outcomes on every server.
///
/// apply() runs the command on an overlay of `rows` that is flushed on success and dropped on failure, so a
/// refused command leaves nothing behind. It is split by what it changes: kv.h, txn.h, session.h, catalog.h,
/// member.h, job.h beside this file.

#include <cstdint>

#include "daemon/command/command.h"
#include "daemon/state/change_set.h"
#include "daemon/store/rows.h"

namespace conclave::daemon {

struct ApplyTime {
  std::uint64_t cluster_time_ms = 0;
  Nanos wall_time{};
};

/// Writes what an empty database begins with (revision 1, feature level 1). Called once, before the first apply.
void initialise_state(Rows& rows);

/// Applies one command. `changes` gains the touched topics and the new revision when something changed.
Outcome apply(const Command& command, const ApplyTime& time, Rows& rows, ChangeSet& changes);

}  // namespace conclave::daemon
