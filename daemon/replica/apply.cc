#include "api/model/record.h"
#include "base/core/assert.h"
#include "base/run/log.h"
#include "daemon/replica/raft_replica.h"

namespace conclave::daemon {
namespace {

/// An entry that this server cannot fully decode stops it; skipping it would make its state another
/// one than the others' (design section 6).
EntryPayload decode_or_die(const raft::Entry& entry) {
  Result<EntryPayload> payload = api::decode_record<EntryPayload>(entry.payload);
  if (!payload) {
    die("raft",
        fmt::format("log entry {} (term {}) cannot be decoded: {}. It was written by a later "
                    "version or is damaged; install the version that the other servers run",
                    entry.index.value, entry.term.value, payload.error().message));
  }
  if (payload->feature_level > supported_feature_level) {
    die("raft",
        fmt::format("log entry {} needs feature level {} and this version knows {}: install "
                    "the version that the other servers run",
                    entry.index.value, payload->feature_level, supported_feature_level));
  }
  return std::move(*payload);
}

}  // namespace

/// One transaction for all that became committed together; listeners hear of it and callers are
/// answered after its commit, so whoever reads next sees what it wrote.
void RaftReplica::apply(std::span<const raft::Entry> entries) {
  CONCLAVE_ASSERT(!entries.empty());
  if (is_restored(entries)) return apply_restored(entries.front());
  CONCLAVE_ASSERT_WHY(entries.front().index.value == store_.applied().index + 1,
                      "apply advances one index at a time");
  const std::size_t queued = proposals_.queued();
  settle_skipped(entries.front().index);
  const Nanos began = clock_.boot_now();
  const auto changes = std::make_shared<ChangeSet>();
  std::vector<Decided> decided;
  {
    const auto batch = store_.begin();
    batch_time_.reset();
    for (const raft::Entry& entry : entries) {
      apply_entry(entry, batch->rows(), *changes, decided);
    }
    if (batch_time_) record_time(*batch_time_, batch->rows());
    batch->commit({entries.back().index.value, entries.back().term.value});
  }
  cells_.applied_entries.add(entries.size());
  cells_.applied_index.set(static_cast<double>(entries.back().index.value));
  const Nanos ended = clock_.boot_now();
  cells_.apply_time.observe(ended - began);

  if (changes->revision != 0) {
    for (const auto& listener : change_listeners_) listener(changes);
  }
  for (auto& [of_entry, outcomes] : decided) {
    for (std::size_t i = 0; i < of_entry.size(); ++i) {
      command_times_.observe(of_entry[i].command, ended - of_entry[i].accepted);
      finish(std::move(of_entry[i]), std::move(outcomes[i]));
    }
  }
  if (proposals_.queued() > queued) look_at_overwritten();
  answer_applied_reads();
  answers_.deliver();
}

/// Another leader's entries, or a snapshot, took the place of proposals: they are queued again.
void RaftReplica::look_at_overwritten() {
  refuse_outdated();
  flush_at_end_of_turn();
}

void RaftReplica::apply_entry(const raft::Entry& entry, Rows& rows, ChangeSet& changes,
                              std::vector<Decided>& decided) {
  std::optional<ProposedEntry> own = proposals_.applied(entry.index, entry.term);
  if (entry.kind != raft::EntryKind::command) {
    CONCLAVE_ASSERT_WHY(!own, "a command's place and term hold that command");
    return;
  }
  if (own) {
    apply_own(std::move(*own), rows, changes, decided);
  } else {
    apply_foreign(entry, rows, changes);
  }
}

/// The commands are still here as they were before they were encoded.
void RaftReplica::apply_own(ProposedEntry entry, Rows& rows, ChangeSet& changes,
                            std::vector<Decided>& decided) {
  cells_.commit_time.observe(clock_.boot_now() - entry.proposed_at);
  const ApplyTime time{entry.cluster_time_ms, entry.wall_time};
  note_time(time);
  std::vector<Outcome> outcomes;
  outcomes.reserve(entry.proposals.size());
  for (const Proposal& proposal : entry.proposals) {
    outcomes.push_back(daemon::apply(proposal.command, time, rows, changes));
  }
  cells_.applied_commands.add(outcomes.size());
  decided.push_back({std::move(entry.proposals), std::move(outcomes)});
}

void RaftReplica::apply_foreign(const raft::Entry& entry, Rows& rows, ChangeSet& changes) {
  const EntryPayload payload = decode_or_die(entry);
  const ApplyTime time{payload.cluster_time_ms, payload.wall_time};
  note_time(time);
  for (const Command& command : payload.commands) {
    // Whoever proposed it has the outcome; a job it left is continued by the leader.
    (void)daemon::apply(command, time, rows, changes);
  }
  cells_.applied_commands.add(payload.commands.size());
}

void RaftReplica::note_time(const ApplyTime& time) {
  batch_time_ = time;
  cluster_clock_.applied(time.cluster_time_ms);
}

}  // namespace conclave::daemon
