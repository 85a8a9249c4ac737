#pragma once

/// Proposals on their way: first queued; then either with the leader, by the call that carries them
/// to it, or in this server's own log under the entry that carries them, until that entry is
/// applied (they have their outcomes) or overwritten by another leader's (they are queued again).
/// Main thread; no I/O, no clock of its own.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
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
  std::unique_ptr<Outcome> first_outcome;
  /// Decided by this server as leader of that term, and by nobody else's right; 0 = by a client.
  raft::Term office;
  bool from_peer = false;    ///< Another server sent it here; it is not sent on.
  bool admitted = false;     ///< By this server's growth guard.
  bool may_be_made = false;  ///< A leader had it and did not say; it has a request id.
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
  std::size_t queued() const { return queue_.size(); }
  /// All there are, in the queue or out of it.
  std::uint64_t count() const { return count_; }
  std::uint64_t bytes() const { return bytes_; }
  void forget(const Proposal& proposal);

  /// Takes from the front of the queue while the records stay within `bytes_max` and each `joins`
  /// the first; at least one. A restore is taken alone.
  using Joins = std::function<bool(const Proposal& first, const Proposal& next)>;
  std::vector<Proposal> take(std::uint64_t bytes_max, const Joins& joins = {});
  void put_back(std::vector<Proposal> proposals);
  /// Takes those for which `matches` out of the queue, and forgets them.
  std::vector<Proposal> remove_queued(const std::function<bool(const Proposal&)>& matches);

  // --- in the log
  void in_log(raft::Index index, ProposedEntry entry);
  /// The entry was not appended after all: its proposals are the first in the queue again.
  void withdraw(raft::Index index);
  /// The entry at `index` was applied with `term`: returns what this server proposed as that very
  /// entry. What it proposed in an earlier term from there on was overwritten (terms do not fall
  /// along a log), can never be applied, and is queued again; unless its caller was told "unknown"
  /// meanwhile.
  std::optional<ProposedEntry> applied(raft::Index index, raft::Term term);
  /// The state went to the entry before `index` without applying what is below it: a snapshot took
  /// its place. What was proposed there may be part of it or not; to be put back or forgotten.
  std::vector<Proposal> take_below(raft::Index index);
  /// The callers of those past their deadline in the log, whose outcome is unknown: the entry may
  /// yet be applied.
  std::vector<Caller<Outcome>> expire_in_log(Nanos now);

  // --- with the leader
  void with_leader(std::uint64_t call, std::vector<Proposal> proposals);
  /// The call has ended: what it carried, to be put back or forgotten. Nothing after
  /// remove_all_sent().
  std::vector<Proposal> answered(std::uint64_t call);
  /// Calls with that number or a later one that have not ended.
  std::size_t calls_since(std::uint64_t call) const;

  /// Leadership was lost: from then on they wait for the next leader as if they had come now.
  void restart_deadlines(Nanos deadline);

  /// At the end, forgotten: those that certainly were not carried out, and those that may be.
  std::vector<Proposal> remove_all_queued();
  std::vector<Proposal> remove_all_sent();

 private:
  std::deque<Proposal> queue_;
  std::map<raft::Index, ProposedEntry> in_log_;
  std::map<std::uint64_t, std::vector<Proposal>> with_leader_;
  std::uint64_t count_ = 0;
  std::uint64_t bytes_ = 0;
};

/// The payload of one log entry: the record of an EntryPayload whose commands are encoded already.
std::string encode_entry(std::uint64_t feature_level, const ProposedEntry& entry);

}  // namespace conclave::daemon
