#pragma once

/// The replicated state machine: a pure function of the rows, a command and the entry's time. No
/// clock, no randomness, no I/O, no hash order; equal inputs give equal rows and equal outcomes on
/// every server.
///
/// A refused command leaves nothing behind: one that can still be refused after its first write
/// runs on an overlay of `rows`, the others check everything first. It is split by what it changes:
/// kv.h, txn.h, session.h, catalog.h (node.h, service.h, check.h), member.h, event.h, autopilot.h,
/// prepared_query.h, coordinate.h, ca_root.h,
/// removal.h, job.h, reap.h, request.h beside this file.

#include <cstdint>

#include "daemon/command/command.h"
#include "daemon/state/change_set.h"
#include "daemon/store/rows.h"

namespace conclave::daemon {

struct ApplyTime {
  std::uint64_t cluster_time_ms = 0;
  Nanos wall_time{};
};

/// Writes what an empty database begins with (revision 1, feature level 1), unless it is there.
/// Called before the first apply.
void initialise_state(Rows& rows);

/// Notes the cluster time of an apply batch's last entry, so that time goes on from there after a
/// restart. Called once per batch, before its commit.
void record_time(const ApplyTime& time, Rows& rows);
/// What record_time() noted last; 0 = nothing.
std::uint64_t stored_cluster_time_ms(const ReadRows& rows);
/// The replicated feature level.
std::uint64_t feature_level(const ReadRows& rows);
/// The revision: of the last command that changed something.
std::uint64_t stored_revision(const ReadRows& rows);

/// Applies one command. `changes` gains the touched topics and the new revision when something
/// changed.
Outcome apply(const Command& command, const ApplyTime& time, Rows& rows, ChangeSet& changes);

}  // namespace conclave::daemon
