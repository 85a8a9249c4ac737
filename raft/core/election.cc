#include "base/core/assert.h"
#include "raft/core/mutation.h"
#include "raft/core/node_state.h"

namespace conclave::raft {

void Node::State::set_term(Term term) {
  CONCLAVE_ASSERT_WHY(term > hard_state.current_term, "a term never goes back");
  hard_state = {term, {}};
  hard_state_changed = true;
}

void Node::State::reset_election_timer() {
  election_elapsed = 0;
  // §5.2: randomised, so that split votes are rare and resolved quickly.
  election_timeout =
      rng.between(options.election_timeout_ticks_min, options.election_timeout_ticks_max);
}

void Node::State::become_follower(Term term, const NodeId& new_leader) {
  if (term > hard_state.current_term) set_term(term);
  if (role == Role::leader) {
    fail_reads();
    peers.clear();
    rounds.clear();
    lease_start.reset();
    transfer.reset();
    offered.reset();
    log_reads.clear();
    snapshot_reads.clear();
    snapshot_wanted = false;
    snapshot_asked.reset();
    uncommitted_bytes = 0;
    ticks_since_leader = 0;
  }
  role = Role::follower;
  leader = new_leader;
  votes.clear();
  own_vote_batch = 0;
  reset_election_timer();
}

/// A server that was just started may have confirmed a leader's round before it stopped: it grants
/// nothing for as long as the lease it helped to give may last, by the slowest clock allowed for.
bool Node::State::just_started() const {
  return ticks < options.start_guard_ticks() && !core_mutation.votes_at_once_after_start;
}

/// True when no other server can hold a lease that this one helped to give before it was started:
/// it voted for itself, which it does only when earlier leaders' leases have ended, and heard of no
/// later term; or it knows no term but that of the first entry, in which nobody leads.
bool Node::State::confirmed_no_other() const {
  return hard_state.voted_for == self || hard_state.current_term <= first_term;
}

/// Dissertation §4.2.3: who hears a leader does not help to replace it. What counts is when one was
/// heard last, not whether one is known: a late message of a higher term makes this server forget
/// its leader, but not the lease that it has just helped to give.
bool Node::State::leader_is_recent() const {
  if (role == Role::leader) return true;
  return heard && ticks - heard->tick < options.election_timeout_ticks_min;
}

bool Node::State::may_vote_now(const Message& message, const RequestVote& request) const {
  return !just_started() && (!leader_is_recent() || is_transfer_vote(message, request));
}

/// §5.4.1: the log with the later last term is more up to date; with equal terms, the longer one.
bool Node::State::log_is_up_to_date(Index last_index, Term last_term) const {
  if (last_term != log.last_term()) return last_term > log.last_term();
  return last_index >= log.last_index();
}

void Node::State::start_election() {
  if (role == Role::leader || !may_campaign() || is_installing()) return;
  if (!is_alone(configuration(), self)) return start_pre_vote();
  // It may be alone by an entry of a leader that has removed itself, and still leads.
  if (just_started() && !confirmed_no_other()) return;
  start_vote();
}

/// Dissertation §9.6: ask first whether an election could be won, and change nothing until then, so
/// that a server that was cut off does not depose a working leader when it comes back.
void Node::State::start_pre_vote() {
  become_follower(hard_state.current_term, {});
  role = Role::pre_candidate;
  votes[self] = true;
  request_votes(true);
  if (has_quorum(configuration(), [this](const NodeId& id) { return votes.contains(id); })) {
    start_vote();
  }
}

/// §5.2: "increments its current term", votes for itself, asks the others.
void Node::State::start_vote(std::uint64_t transfer_round) {
  become_follower(next(hard_state.current_term), {});
  role = Role::candidate;
  hard_state.voted_for = self;
  if (is_alone(configuration(), self)) {
    // Nobody can learn of this term before vote and no-op are on disk in one batch, so nothing is
    // gained by waiting.
    return become_leader();
  }
  own_vote_batch = batch_to_wait_for();
  request_votes(false, transfer_round);
}

void Node::State::request_votes(bool pre_vote, std::uint64_t transfer_round) {
  const Term term = pre_vote ? next(hard_state.current_term) : hard_state.current_term;
  const RequestVote request{term, log.last_index(), log.last_term(), pre_vote, transfer_round};
  std::set<NodeId> voters;
  for (const auto* list : {&configuration().servers, &configuration().outgoing}) {
    for (const Server& server : *list) {
      if (server.suffrage == Suffrage::voter && server.id != self) voters.insert(server.id);
    }
  }
  // Held until durable: the last index that is claimed must be on disk (reliability rule 23), and
  // so must the term.
  for (const NodeId& voter : voters) send_when_durable(voter, request);
}

void Node::State::count_vote(const NodeId& from, bool granted) {
  votes.emplace(from, granted);
  const auto granted_by = [this](const NodeId& id) {
    const auto vote = votes.find(id);
    return vote != votes.end() && vote->second;
  };
  const auto refused_by = [this](const NodeId& id) {
    const auto vote = votes.find(id);
    return vote != votes.end() && !vote->second;
  };
  if (has_quorum(configuration(), granted_by)) {
    if (role == Role::pre_candidate) return start_vote();
    return become_leader();
  }
  if (has_quorum(configuration(), refused_by)) become_follower(hard_state.current_term, {});
}

void Node::State::become_leader() {
  CONCLAVE_ASSERT(role == Role::candidate);
  CONCLAVE_ASSERT(hard_state.voted_for == self);
  role = Role::leader;
  leader = self;
  votes.clear();
  own_vote_batch = 0;
  election_elapsed = 0;
  heartbeat_elapsed = 0;
  ticks_since_leader = 0;
  lease_start.reset();
  heard.reset();
  rounds.clear();
  uncommitted_bytes = 0;
  for (Index index = next(commit_index); index <= log.last_index(); index = next(index)) {
    uncommitted_bytes += log.at(index).payload.size();
  }
  peers.clear();
  update_peers();
  // §8: a no-op at the start of the term, so that what earlier terms left can be committed and
  // reads answered.
  term_start_index = append_as_leader(EntryKind::noop, {});
  if (!peers.empty()) start_round();
}

/// Dissertation §6.2: a leader that does not hear a quorum within an election timeout steps down.
void Node::State::check_quorum() {
  const bool active = has_quorum(configuration(), [this](const NodeId& id) {
    const auto peer = peers.find(id);
    return id == self || (peer != peers.end() && peer->second.recently_active);
  });
  for (auto& [id, progress] : peers) progress.recently_active = false;
  if (!active) become_follower(hard_state.current_term, {});
}

void Node::State::on_request_vote(const Message& message, const RequestVote& request) {
  if (request.pre_vote) return on_pre_vote(message, request);
  RequestVoteReply reply{request.candidate_term, false, false};
  const bool free = hard_state.voted_for.value.empty() || hard_state.voted_for == message.from;
  // Figure 2, RequestVote 1 and 2.
  if (message.term == hard_state.current_term && request.candidate_term == message.term && free &&
      leader.value.empty() && may_vote_now(message, request) &&
      log_is_up_to_date(request.last_log_index, request.last_log_term)) {
    reply.granted = true;
    if (role == Role::pre_candidate) become_follower(hard_state.current_term, {});
    if (hard_state.voted_for != message.from) {
      hard_state.voted_for = message.from;
      hard_state_changed = true;
    }
    reset_election_timer();
    return send_when_durable(message.from, reply);
  }
  send(message.from, reply);
}

/// Changes nothing here, whatever the answer: not the term, not the timer (reliability rule 17).
void Node::State::on_pre_vote(const Message& message, const RequestVote& request) {
  const bool granted = request.candidate_term > hard_state.current_term && !leader_is_recent() &&
                       !just_started() &&
                       log_is_up_to_date(request.last_log_index, request.last_log_term);
  send(message.from, RequestVoteReply{request.candidate_term, true, granted});
}

void Node::State::on_request_vote_reply(const Message& message, const RequestVoteReply& reply) {
  // Only current voters count (reliability rule 12).
  if (!is_voter(configuration(), message.from, message.incarnation)) return;
  if (reply.pre_vote) {
    if (role != Role::pre_candidate || reply.candidate_term != next(hard_state.current_term)) {
      return;
    }
  } else {
    if (role != Role::candidate || reply.candidate_term != hard_state.current_term) return;
  }
  count_vote(message.from, reply.granted);
}

}  // namespace conclave::raft
