#include "raft/core/node_state.h"

namespace conclave::raft {

Result<void> Node::State::transfer_leadership(NodeId target) {
  if (role != Role::leader) {
    return fail(ErrorCode::no_leader, "only the leader can hand leadership over");
  }
  if (transfer) {
    return fail(ErrorCode::unavailable,
                "leadership is being handed to " + transfer->target.value + " already");
  }
  if (target.value.empty()) {
    target = best_successor();
    if (target.value.empty()) {
      return fail(ErrorCode::unavailable, "no other voter is there to take leadership over");
    }
  }
  if (target == self || !is_voter(configuration(), target)) {
    return fail(
        ErrorCode::bad_request,
        "leadership goes to another voter of the configuration, which " + target.value + " is not");
  }
  transfer = Transfer{std::move(target), ticks, false};
  send_append(transfer->target, peers.at(transfer->target));
  continue_transfer();
  return {};
}

/// The active voter that needs least to catch up; the first by id among equals.
NodeId Node::State::best_successor() const {
  NodeId best;
  Index most;
  for (const auto& [id, progress] : peers) {
    if (!is_voter(configuration(), id) || !progress.recently_active) continue;
    if (best.value.empty() || progress.match_index > most) {
      best = id;
      most = progress.match_index;
    }
  }
  return best;
}

/// Dissertation §3.10: once the target's log matches, it is told to campaign.
void Node::State::continue_transfer() {
  if (!transfer || transfer->timeout_now_sent) return;
  const auto target = peers.find(transfer->target);
  if (target == peers.end()) {
    transfer.reset();  // No longer in the configuration.
    return;
  }
  if (target->second.match_index < log.last_index()) return;
  transfer->timeout_now_sent = true;
  // A whole heartbeat interval in which nobody acknowledges a later round.
  heartbeat_elapsed = 0;
  send_timeout_now();
}

/// The lease goes first: from here on only a later round could give one, and who has acknowledged
/// such a round does not vote for the target.
void Node::State::send_timeout_now() {
  lease_start.reset();
  rounds.clear();
  send(transfer->target, TimeoutNow{last_round});
}

/// True when the leader whose lease this server helped to give has itself let go of it.
bool Node::State::is_transfer_vote(const Message& message, const RequestVote& request) const {
  if (request.transfer_round == 0) return false;
  if (role == Role::leader) {
    return transfer && transfer->timeout_now_sent && transfer->target == message.from &&
           request.candidate_term == next(hard_state.current_term);
  }
  // TimeoutNow came from the leader of the term before the candidate's. Earlier leaders' leases
  // ended before that one was elected.
  if (!heard || next(heard->term) < request.candidate_term) return true;
  return next(heard->term) == request.candidate_term && heard->round <= request.transfer_round;
}

/// A late one does nothing: a leader that has given up may have a lease again, from a later round.
void Node::State::on_timeout_now(const Message& message, const TimeoutNow& order) {
  if (role == Role::leader || leader != message.from) return;
  if (!is_own_vote() || is_installing() || (heard && heard->round > order.round)) return;
  start_vote(order.round);
}

}  // namespace conclave::raft
