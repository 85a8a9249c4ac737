#include <algorithm>

#include "base/core/assert.h"
#include "raft/core/mutation.h"
#include "raft/core/node_state.h"

namespace conclave::raft {

/// Figure 2, Leaders: the largest N that a majority holds durably and whose entry is of the current
/// term. Older entries are committed with it, never by counting (§5.4.2, Figure 8).
void Node::State::advance_leader_commit() {
  const Index majority{quorum_value(configuration(), [this](const NodeId& id) -> std::uint64_t {
    if (id == self) return log.durable_index().value;
    const auto peer = peers.find(id);
    return peer == peers.end() ? 0 : peer->second.match_index.value;
  })};
  if (majority <= commit_index) return;
  if (log.term_at(majority) != hard_state.current_term &&
      !core_mutation.commits_by_counting_any_term) {
    return;
  }
  set_commit_index(majority);
  follow_configuration();
}

/// What followers are told is committed: what this leader has applied itself. Reads from its own
/// state, under the lease, ask nobody; no follower may have shown more than they show.
Index Node::State::shared_commit_index() const { return std::min(commit_index, applied_index); }

/// Whether an AppendEntries of its own is needed: who lacks entries learns of it with them. One
/// that was lost is made up for by the next heartbeat.
bool Node::State::lacks_only_commit(const Progress& progress, Index index) const {
  return progress.told_commit < index && progress.state == Progress::State::replicate &&
         progress.next_index > log.last_index();
}

void Node::State::share_commit_index(Index index) {
  for (auto& [id, progress] : peers) {
    if (!lacks_only_commit(progress, index)) continue;
    send(id, AppendEntries{log.last_index(), log.last_term(), {}, index});
    progress.told_commit = index;
  }
}

void Node::State::set_commit_index(Index index) {
  if (index <= commit_index || is_installing()) return;
  CONCLAVE_ASSERT_WHY(index <= log.last_index(), "only entries that are here can be committed");
  if (role == Role::leader) {
    for (Index i = next(commit_index); i <= index; i = next(i)) {
      const std::uint64_t bytes = log.at(i).payload.size();
      CONCLAVE_ASSERT(bytes <= uncommitted_bytes);
      uncommitted_bytes -= bytes;
    }
  }
  commit_index = index;
}

bool Node::State::own_term_committed() const {
  return role == Role::leader && commit_index >= term_start_index;
}

/// A server uses the latest configuration in its log, whether committed or not (§6).
void Node::State::note_configuration(const Entry& entry) {
  Result<Configuration> decoded = decode_configuration(entry.payload);
  CONCLAVE_ASSERT_WHY(decoded.has_value(),
                      "a configuration entry that this version cannot read: install the version "
                      "that wrote it; an entry is never skipped");
  configurations.emplace_back(entry.index, std::move(*decoded));
}

}  // namespace conclave::raft
