#include "api/model/record.h"
#include "base/core/assert.h"
#include "base/run/log.h"
#include "daemon/replica/raft_replica.h"

/// A restore takes long and must not hold up main: the entry is handed to the restorer first, and
/// applied once the restored state is in place. Reads of the state before it go on meanwhile.

namespace conclave::daemon {
namespace {

/// An entry that holds a restore, which is alone in it, is smaller.
constexpr std::size_t restore_entry_bytes_max = 256;

std::optional<EntryPayload> restore_in(const raft::Entry& entry) {
  if (entry.kind != raft::EntryKind::command || entry.payload.size() > restore_entry_bytes_max) {
    return std::nullopt;
  }
  auto payload = api::decode_record<EntryPayload>(entry.payload);
  // One that cannot be decoded is apply()'s to judge.
  if (!payload || payload->commands.size() != 1) return std::nullopt;
  if (!std::holds_alternative<Restore>(payload->commands.front().body)) return std::nullopt;
  return std::move(*payload);
}

}  // namespace

void RaftReplica::set_restorer(Restorer& restorer) {
  CONCLAVE_ASSERT_WHY(host_ == nullptr, "set before start()");
  restorer_ = &restorer;
}

std::size_t RaftReplica::may_apply(std::span<const raft::Entry> entries) {
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const std::optional<EntryPayload> payload = restore_in(entries[i]);
    if (!payload) continue;
    if (i > 0) return i;
    return begin_restore(entries[i], *payload) ? 1 : 0;
  }
  return entries.size();
}

/// True once it is done.
bool RaftReplica::begin_restore(const raft::Entry& entry, const EntryPayload& payload) {
  if (restored_ == entry.index) return true;
  if (restoring_ == entry.index) return false;
  CONCLAVE_ASSERT_WHY(restoring_ == raft::Index{}, "one restore at a time");
  if (restorer_ == nullptr) {
    die("raft",
        fmt::format("log entry {} restores a snapshot, and this server has no place for one",
                    entry.index.value));
  }
  restoring_ = entry.index;
  const Restore& what = std::get<Restore>(payload.commands.front().body);
  log_info("server", "restoring the snapshot {} of {} bytes", what.sha256, what.size);
  restorer_->restore(what, {entry.index.value, entry.term.value}, payload.cluster_time_ms,
                     [this, index = entry.index] {
                       // A snapshot of a later index may have come before it.
                       if (stopped_ || restoring_ != index) return;
                       restored_ = std::exchange(restoring_, {});
                       host_->apply_rest();
                     });
  return false;
}

bool RaftReplica::is_restored(std::span<const raft::Entry> entries) const {
  return entries.size() == 1 && entries.front().index == restored_;
}

/// The store has applied the entry already; what is left is to tell everybody.
void RaftReplica::apply_restored(const raft::Entry& entry) {
  CONCLAVE_ASSERT(store_.applied().index == entry.index.value);
  restored_ = {};
  const std::size_t queued = proposals_.queued();
  std::optional<ProposedEntry> own = proposals_.applied(entry.index, entry.term);
  cells_.applied_entries.add();
  cells_.applied_commands.add();
  if (own) {
    const std::uint64_t revision = revision_of_state();
    for (Proposal& proposal : own->proposals) {
      finish(std::move(proposal), Outcome{.done = true, .revision = revision});
    }
  }
  if (proposals_.queued() > queued) look_at_overwritten();
  state_replaced();
  if (leading_) resume_jobs();
}

std::uint64_t RaftReplica::revision_of_state() {
  const auto reader = store_.make_reader();
  const ReadSnapshot snapshot = reader->open();
  return stored_revision(snapshot.rows());
}

}  // namespace conclave::daemon
