#include "base/core/assert.h"
#include "base/core/crc32c.h"
#include "raft/core/node_state.h"

namespace conclave::raft {

bool Node::State::is_installing() const { return receiving && receiving->installing; }

/// Figure 13, with chunks that may come twice, late, or from another leader than the ones before.
void Node::State::on_install_snapshot(const Message& message, InstallSnapshot& chunk) {
  heard_leader(message.from);
  if (chunk.snapshot.term > message.term) return;  // Nobody could know it.
  if (is_installing()) return;  // Nothing else happens meanwhile (reliability rule 45).
  if (chunk.snapshot.index <= commit_index) return acknowledge_commit_index();
  if (receiving && receiving->storing) return;
  if (receiving && receiving->snapshot.id != chunk.snapshot.id) {
    // A late one; but a later leader sends nothing else, even if another's reached further.
    const bool is_older = chunk.snapshot.index < receiving->snapshot.index;
    if (is_older && message.term == receiving->term) return;
    receiving.reset();
  }
  if (!receiving) receiving = Receiving{.snapshot = chunk.snapshot};
  receiving->term = message.term;
  const bool fits = chunk.offset == receiving->next_offset &&
                    chunk.offset + chunk.chunk.size() <= chunk.snapshot.size &&
                    crc32c(chunk.chunk) == chunk.chunk_crc;
  if (!fits) return report_offset();
  receiving->storing = true;
  snapshot_chunk = SnapshotChunk{receiving->snapshot, chunk.offset, std::move(chunk.chunk)};
}

void Node::State::report_offset() {
  if (leader.value.empty() || role == Role::leader) return;
  send(leader, InstallSnapshotReply{receiving->snapshot.id, receiving->next_offset});
}

/// There is no need of a snapshot: the leader may go on with the entries after what is committed.
void Node::State::acknowledge_commit_index() {
  if (receiving && !receiving->storing && receiving->snapshot.index <= commit_index) {
    receiving.reset();
  }
  if (leader.value.empty() || role == Role::leader) return;
  send_when_durable(leader, AppendEntriesReply{true, commit_index, {}, {}, {}});
}

void Node::State::chunk_stored(const std::string& id, std::uint64_t next_offset) {
  if (!receiving || receiving->snapshot.id != id || !receiving->storing) return;
  CONCLAVE_ASSERT(next_offset >= receiving->next_offset);
  receiving->storing = false;
  receiving->next_offset = next_offset;
  if (receiving->snapshot.index <= commit_index) return acknowledge_commit_index();
  if (next_offset < receiving->snapshot.size) return report_offset();
  // Whoever campaigns has other work than this.
  if (role != Role::follower) become_follower(hard_state.current_term, {});
  receiving->installing = true;
  install = receiving->snapshot;
}

/// What was received is not what its id says, or could not be stored: from the beginning.
void Node::State::chunk_refused(const std::string& id) {
  if (!receiving || receiving->snapshot.id != id) return;
  receiving->storing = false;
  receiving->next_offset = 0;
  report_offset();
}

/// Figure 13, 6-8: "if existing log entry has same index and term as snapshot's last included
/// entry, retain log entries following it"; otherwise "discard the entire log".
void Node::State::snapshot_installed() {
  CONCLAVE_ASSERT(is_installing());
  const SnapshotMeta snapshot = std::move(receiving->snapshot);
  receiving.reset();
  CONCLAVE_ASSERT_WHY(snapshot.index > commit_index, "commit stands still during an install");
  std::vector<std::pair<Index, Configuration>> kept;
  if (log.term_at(snapshot.index) == snapshot.term && log.durable_index() >= snapshot.index) {
    log.compact(snapshot.index);
    for (auto& one : configurations) {
      if (one.first > snapshot.index) kept.push_back(std::move(one));
    }
  } else {
    log.reset(snapshot.index, snapshot.term);
    new_log_base = LogBase{snapshot.index, snapshot.term, snapshot.configuration};
    // Promises about entries that are no longer here; none of them has left this server.
    std::erase_if(held, [](const Held& one) {
      return std::holds_alternative<AppendEntriesReply>(one.message.body);
    });
  }
  // Configurations follow from snapshot and log alone (reliability rules 5 and 9).
  configurations = std::move(kept);
  configurations.emplace(configurations.begin(), snapshot.index, snapshot.configuration);
  commit_index = applied_index = applying_index = snapshot.index;
  acknowledge_commit_index();
}

}  // namespace conclave::raft
