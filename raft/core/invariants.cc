#include "base/core/assert.h"
#include "raft/core/node_state.h"

namespace conclave::raft {

/// Constant time but for the peers; the simulator compares servers with each other, this one a
/// server with itself.
void Node::State::check_invariants() const {
  // Nothing goes back.
  CONCLAVE_ASSERT(hard_state.current_term >= seen_hard_state.current_term);
  CONCLAVE_ASSERT(commit_index >= seen_commit_index);
  CONCLAVE_ASSERT(applied_index >= seen_applied_index);
  if (hard_state.current_term == seen_hard_state.current_term &&
      !seen_hard_state.voted_for.value.empty()) {
    CONCLAVE_ASSERT_WHY(hard_state.voted_for == seen_hard_state.voted_for, "one vote per term");
  }
  seen_hard_state = hard_state;
  seen_commit_index = commit_index;
  seen_applied_index = applied_index;

  // Figure 2's indexes are in order.
  CONCLAVE_ASSERT(log.base_index() <= log.unloaded_index());
  CONCLAVE_ASSERT(log.unloaded_index() <= applied_index);
  CONCLAVE_ASSERT(applied_index <= applying_index);
  CONCLAVE_ASSERT(applying_index <= commit_index);
  CONCLAVE_ASSERT(applying_index <= log.durable_index());
  CONCLAVE_ASSERT(commit_index <= log.last_index());
  CONCLAVE_ASSERT(log.durable_index() <= log.handed_index());
  CONCLAVE_ASSERT(log.last_term() <= hard_state.current_term);
  CONCLAVE_ASSERT(configurations.back().first <= log.last_index());

  if (role != Role::leader) {
    CONCLAVE_ASSERT(uncommitted_bytes == 0);
    CONCLAVE_ASSERT(peers.empty());
    CONCLAVE_ASSERT(reads_asked.empty());
    CONCLAVE_ASSERT(leader != self);
    CONCLAVE_ASSERT(!transfer);
    CONCLAVE_ASSERT(!offered);
    CONCLAVE_ASSERT(log_reads.empty());
    return;
  }
  CONCLAVE_ASSERT(leader == self);
  CONCLAVE_ASSERT_WHY(!is_installing(), "nobody leads while a snapshot replaces his state");
  CONCLAVE_ASSERT(hard_state.voted_for == self);
  CONCLAVE_ASSERT_WHY(log.last_term() == hard_state.current_term, "its no-op is in its log");
  CONCLAVE_ASSERT(commit_index < log.last_index() || uncommitted_bytes == 0);
  CONCLAVE_ASSERT_WHY(!transfer || !transfer->timeout_now_sent || !lease_start,
                      "the lease is dropped before a successor may campaign");
  for (const auto& [id, progress] : peers) {
    CONCLAVE_ASSERT(progress.match_index <= log.last_index());
    CONCLAVE_ASSERT(progress.match_index < progress.next_index);
    CONCLAVE_ASSERT(progress.inflight.size() <= options.inflight_messages_max);
    CONCLAVE_ASSERT_WHY(!progress.inflight.empty() || progress.inflight_bytes == 0,
                        "flow control returns to zero (reliability rule 38)");
  }
}

}  // namespace conclave::raft
