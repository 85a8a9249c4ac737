#pragma once

/// Proposals on their way: first queued, then in the log under the entry that carries them, until
/// that entry is applied (they have their outcomes) or overwritten by another leader's (they are
/// queued again). Main thread; no I/O, no clock of its own.

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/core/duration.h"
#include "daemon/command/command.h"
#include "daemon/replica/caller.h"
#include "raft/core/types.h"

namespace conclave::daemon {

struct Proposal {
  Command command;
  std::string encoded;  ///< Its record; made on the caller's loop.
  Nanos accepted{};     ///< Boot clock: when it was taken in.
  Nanos deadline{};     ///< Boot clock: without a leader it waits no longer.
  /// Nobody for a job that is resumed.
  std::optional<Caller<Outcome>> caller;
  /// Of a removal that goes on in jobs: what its first command gave.
  std::optional<Outcome> first_outcome;
};

/// The proposals in one log entry.
struct ProposedEntry {
  raft::Term term;
  std::uint64_t cluster_time_ms = 0;
  Nanos wall_time{};
  Nanos proposed_at{};  ///< Boot clock.
  std::vector<Proposal> proposals;
};

class Proposals {
 public:
  void push(Proposal proposal);
  bool queue_empty() const { return queue_.empty(); }
  /// Queued and in the log.
  std::uint64_t count() const { return count_; }
  std::uint64_t bytes() const { return bytes_; }

  /// Takes from the front of the queue while the records stay within `bytes_max`; at least one.
  /// A restore is taken alone.
  std::vector<Proposal> take(std::uint64_t bytes_max);
  void put_back(std::vector<Proposal> proposals);
  void in_log(raft::Index index, ProposedEntry entry);
  /// The entry was not appended after all: its proposals are the first in the queue again.
  void withdraw(raft::Index index);

  /// The entry at `index` was applied with `term`: returns what this server proposed as that very
  /// entry. What it proposed at that place in another term was overwritten, can never be applied,
  /// and is queued again; unless its caller was told "unknown" meanwhile.
  std::optional<ProposedEntry> applied(raft::Index index, raft::Term term);
  void forget(const Proposal& proposal);

  /// Removes those past their deadline from the queue: nothing happened.
  std::vector<Proposal> expire_queued(Nanos now);
  /// The callers of those past their deadline in the log, whose outcome is unknown: the entry may
  /// yet be applied.
  std::vector<Caller<Outcome>> expire_in_log(Nanos now);
  std::vector<Proposal> take_all();
  /// Leadership was lost: those in the log wait until then at most to be decided by the next
  /// leader.
  void set_deadline_in_log(Nanos deadline);

 private:
  std::deque<Proposal> queue_;
  std::map<raft::Index, ProposedEntry> in_log_;
  std::uint64_t count_ = 0;
  std::uint64_t bytes_ = 0;
};

/// The payload of one log entry: the record of an EntryPayload whose commands are encoded already.
std::string encode_entry(std::uint64_t feature_level, const ProposedEntry& entry);

}  // namespace conclave::daemon
