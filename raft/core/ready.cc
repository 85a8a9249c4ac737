#include "base/core/assert.h"
#include "raft/core/node_state.h"

namespace conclave::raft {

bool Node::State::has_unwritten() const {
  return hard_state_changed || new_log_base || log.has_unwritten();
}

/// The batch after which everything decided so far is on disk; 0 = it is already.
std::uint64_t Node::State::batch_to_wait_for() const {
  if (has_unwritten()) return last_batch + 1;
  return write_in_flight ? last_batch : 0;
}

void Node::State::send(const NodeId& to, MessageBody body) {
  outbox.push_back({self, to, hard_state.current_term, std::move(body), incarnation});
}

/// Figure 2: persistent state is "updated on stable storage before responding to RPCs".
void Node::State::send_when_durable(const NodeId& to, MessageBody body) {
  const std::uint64_t batch = batch_to_wait_for();
  if (batch == 0) return send(to, std::move(body));
  held.push_back({batch, {self, to, hard_state.current_term, std::move(body), incarnation}});
}

/// One at a time: what is handed out and not applied yet is the host's to keep, so it is bounded.
bool Node::State::may_hand_out_committed() const {
  return !is_installing() && applied_index == applying_index;
}

bool Node::State::has_ready() const {
  const bool writes = !write_in_flight && has_unwritten();
  const bool commits =
      may_hand_out_committed() && applying_index < std::min(commit_index, log.durable_index());
  const bool snapshots = (snapshot_wanted && !snapshot_asked) || !snapshot_reads.empty() ||
                         snapshot_chunk.has_value() || install.has_value();
  return writes || snapshots || commits || !outbox.empty() || !log_reads.empty() ||
         !reads_ready.empty() || !reads_failed.empty() || wants_round();
}

Ready Node::State::take_ready() {
  if (wants_round()) start_round();
  Ready ready;
  if (!write_in_flight && has_unwritten()) {
    ready.log_base = std::exchange(new_log_base, std::nullopt);
    if (hard_state_changed) ready.hard_state = hard_state;
    const auto entries = log.take_unwritten();
    ready.entries.assign(entries.begin(), entries.end());
    hard_state_changed = false;
    write_in_flight = true;
    ready.batch = ++last_batch;
  }
  // Only what is durable here is applied here, even if others have committed it: a checkpoint of
  // the state must never be ahead of the log it will be replayed with.
  const Index may_apply = std::min(commit_index, log.durable_index());
  if (applying_index < may_apply && may_hand_out_committed()) {
    const auto committed = log.slice(next(applying_index), may_apply, options.apply_bytes_max);
    ready.committed.assign(committed.begin(), committed.end());
    applying_index = ready.committed.back().index;
  }
  ready.messages = std::exchange(outbox, {});
  ready.reads = std::exchange(reads_ready, {});
  ready.failed_reads = std::exchange(reads_failed, {});
  ready.log_reads = std::exchange(log_reads, {});
  ready.wants_snapshot = snapshot_wanted && !snapshot_asked;
  if (ready.wants_snapshot) snapshot_asked = applied_index;
  ready.snapshot_reads = std::exchange(snapshot_reads, {});
  ready.snapshot_chunk = std::exchange(snapshot_chunk, std::nullopt);
  ready.install = std::exchange(install, std::nullopt);
  return ready;
}

void Node::State::persisted(std::uint64_t batch) {
  CONCLAVE_ASSERT_WHY(write_in_flight, "a completion without a write");
  CONCLAVE_ASSERT_WHY(batch == last_batch, "completions come in the order of the batches");
  write_in_flight = false;
  // Nothing was handed out since, and a truncation has lowered handed_index(): so this is exactly
  // what is on disk and still part of the log.
  log.mark_durable(log.handed_index());

  while (!held.empty() && held.front().batch <= batch) {
    Message message = std::move(held.front().message);
    held.pop_front();
    // A promise belongs to the term it was made in (reliability rule 28).
    if (message.term == hard_state.current_term) outbox.push_back(std::move(message));
  }
  if (own_vote_batch != 0 && own_vote_batch <= batch) {
    own_vote_batch = 0;
    if (role == Role::candidate) count_vote(self, true);
  }
  if (role == Role::leader) advance_leader_commit();
}

}  // namespace conclave::raft
