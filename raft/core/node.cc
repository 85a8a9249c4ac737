#include "raft/core/node.h"

#include <algorithm>

#include "base/core/assert.h"
#include "raft/core/node_state.h"

namespace conclave::raft {
namespace {

template <class... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};

bool is_from_leader(const MessageBody& body) {
  return std::holds_alternative<AppendEntries>(body) || std::holds_alternative<Heartbeat>(body) ||
         std::holds_alternative<InstallSnapshot>(body);
}

bool is_pre_vote(const MessageBody& body) {
  const auto* request = std::get_if<RequestVote>(&body);
  const auto* reply = std::get_if<RequestVoteReply>(&body);
  return (request != nullptr && request->pre_vote) || (reply != nullptr && reply->pre_vote);
}

}  // namespace

Node::State::State(NodeId self_id, const Options& chosen, InitialState initial, Rng seeded)
    : self(std::move(self_id)),
      incarnation(initial.incarnation),
      options(chosen),
      rng(seeded),
      hard_state(std::move(initial.hard_state)),
      log(initial.base_index, initial.base_term, std::move(initial.entries)),
      commit_index(std::max(initial.commit_index, initial.applied_index)),
      applied_index(initial.applied_index),
      applying_index(initial.applied_index) {
  CONCLAVE_ASSERT(options.heartbeat_ticks > 0);
  CONCLAVE_ASSERT(options.heartbeat_ticks < options.election_timeout_ticks_min);
  CONCLAVE_ASSERT(options.election_timeout_ticks_min <= options.election_timeout_ticks_max);
  CONCLAVE_ASSERT_WHY(options.lease_ticks < options.election_timeout_ticks_min,
                      "a lease ends before anybody else can be elected");
  CONCLAVE_ASSERT_WHY(commit_index <= log.last_index(), "the log reaches as far as the state");
  configurations.emplace_back(log.base_index(), std::move(initial.configuration));
  for (Index i = log.first_index(); i <= log.last_index(); i = raft::next(i)) {
    if (log.at(i).kind == EntryKind::configuration) note_configuration(log.at(i));
  }
  // A log may hold entries of a term that a torn write kept the vote of from disk: the term is
  // known all the same.
  if (hard_state.current_term < log.last_term()) set_term(log.last_term());
  if (initial.partial_snapshot) {
    receiving = Receiving{.snapshot = std::move(initial.partial_snapshot->snapshot),
                          .next_offset = initial.partial_snapshot->next_offset};
  }
  reset_election_timer();
  check_invariants();
}

void Node::State::tick() {
  ++ticks;
  if (role == Role::leader) {
    if (++election_elapsed >= options.election_timeout_ticks_min) {
      election_elapsed = 0;
      check_quorum();
    }
    if (transfer && ticks - transfer->start_tick >= options.election_timeout_ticks_min) {
      transfer.reset();  // Dissertation §3.10: "the prior leader aborts the transfer".
    }
    if (role == Role::leader) follow_configuration();
    if (role == Role::leader) watch_learners();
    if (role == Role::leader && !peers.empty() && ++heartbeat_elapsed >= options.heartbeat_ticks) {
      start_round();
    }
    return;
  }
  ++ticks_since_leader;
  if (++election_elapsed >= election_timeout) {
    reset_election_timer();
    start_election();
  }
}

/// Figure 2, Rules for Servers: terms first. Pre-votes stand outside of them.
void Node::State::receive(Message message) {
  if (message.to != self || message.from == self || is_foreign(message)) return;
  if (is_pre_vote(message.body) && message.term <= hard_state.current_term) {
    return dispatch(message);
  }
  const auto* vote = std::get_if<RequestVote>(&message.body);
  if (message.term > hard_state.current_term) {
    if (vote != nullptr && vote->pre_vote) return dispatch(message);
    if (vote != nullptr && !may_vote_now(message, *vote)) return;
    become_follower(message.term, {});
  } else if (message.term < hard_state.current_term) {
    // "Reply false if term < currentTerm" (AppendEntries 1, RequestVote 1): the sender learns the
    // term from the answer.
    if (is_from_leader(message.body)) send(message.from, AppendEntriesReply{});
    if (const auto* request = std::get_if<RequestVote>(&message.body)) {
      send(message.from, RequestVoteReply{request->candidate_term, false, false});
    }
    return;
  }
  dispatch(message);
}

void Node::State::dispatch(Message& message) {
  std::visit(Overloaded{
                 [&](RequestVote& body) { on_request_vote(message, body); },
                 [&](RequestVoteReply& body) { on_request_vote_reply(message, body); },
                 [&](AppendEntries& body) { on_append_entries(message, body); },
                 [&](AppendEntriesReply& body) { on_append_entries_reply(message, body); },
                 [&](Heartbeat& body) { on_heartbeat(message, body); },
                 [&](HeartbeatReply& body) { on_heartbeat_reply(message, body); },
                 [&](TimeoutNow& body) { on_timeout_now(message, body); },
                 [&](InstallSnapshot& body) { on_install_snapshot(message, body); },
                 [&](InstallSnapshotReply& body) { on_install_snapshot_reply(message, body); },
             },
             message.body);
}

Node::Node(NodeId self, const Options& options, InitialState initial, Rng rng)
    : state_(std::make_unique<State>(std::move(self), options, std::move(initial), rng)) {}
Node::~Node() = default;
Node::Node(Node&&) noexcept = default;

void Node::tick() {
  state_->tick();
  check_invariants();
}

void Node::receive(Message message) {
  state_->receive(std::move(message));
  check_invariants();
}

Result<Index> Node::propose(std::string payload) {
  Result<Index> index = state_->propose(std::move(payload));
  check_invariants();
  return index;
}

Result<Index> Node::change_membership(std::span<const MembershipChange> changes) {
  Result<Index> index = state_->change_membership(changes);
  check_invariants();
  return index;
}

Result<ReadId> Node::request_read() {
  Result<ReadId> id = state_->request_read();
  check_invariants();
  return id;
}

Result<void> Node::transfer_leadership(NodeId target) {
  Result<void> started = state_->transfer_leadership(std::move(target));
  check_invariants();
  return started;
}

void Node::persisted(std::uint64_t batch) {
  state_->persisted(batch);
  check_invariants();
}

void Node::applied(Index through) {
  CONCLAVE_ASSERT_WHY(through >= state_->applied_index, "applying never goes back");
  CONCLAVE_ASSERT_WHY(through <= state_->applying_index, "applied what was not handed out");
  state_->applied_index = through;
  check_invariants();
}

bool Node::has_unshared_commit() const {
  if (state_->role != Role::leader) return false;
  return std::ranges::any_of(state_->peers, [&](const auto& peer) {
    return state_->lacks_only_commit(peer.second, state_->shared_commit_index());
  });
}

void Node::share_commit() {
  if (state_->role == Role::leader) state_->share_commit_index(state_->shared_commit_index());
  check_invariants();
}

void Node::compact(Index through) {
  CONCLAVE_ASSERT_WHY(through <= state_->applied_index, "only what is applied may be forgotten");
  if (through <= state_->log.base_index()) return;
  const Index base = state_->compaction_point(through);
  const Index unloaded = state_->unloading_point(through);
  state_->log.compact(base);
  state_->log.unload(unloaded);
  auto& configurations = state_->configurations;
  while (configurations.size() > 1 && configurations[1].first <= base) {
    configurations.erase(configurations.begin());
  }
  check_invariants();
}

void Node::send_entries(const LogRead& read, std::vector<Entry> entries) {
  state_->entries_read(read, std::move(entries));
  check_invariants();
}

void Node::lose_entries(const LogRead& read) {
  state_->entries_lost(read);
  check_invariants();
}

void Node::offer_snapshot(SnapshotMeta snapshot) {
  state_->offer_snapshot(std::move(snapshot));
  check_invariants();
}

void Node::no_snapshot() {
  state_->snapshot_asked.reset();
  state_->snapshot_wanted = false;
}

void Node::lose_snapshot(const std::string& id) {
  state_->lose_snapshot(id);
  check_invariants();
}

void Node::send_chunk(const NodeId& to, const std::string& id, std::uint64_t offset,
                      std::string data) {
  state_->send_chunk(to, id, offset, std::move(data));
  check_invariants();
}

void Node::chunk_stored(const std::string& id, std::uint64_t next_offset) {
  state_->chunk_stored(id, next_offset);
  check_invariants();
}

void Node::chunk_refused(const std::string& id) {
  state_->chunk_refused(id);
  check_invariants();
}

void Node::snapshot_installed() {
  state_->snapshot_installed();
  check_invariants();
}

bool Node::is_sending_snapshot() const { return state_->is_sending_snapshot(); }
bool Node::has_new_log_base() const { return state_->new_log_base.has_value(); }
bool Node::is_installing() const { return state_->is_installing(); }

void Node::campaign() {
  state_->start_election();
  check_invariants();
}

bool Node::has_ready() const { return state_->has_ready(); }

Ready Node::take_ready() {
  Ready ready = state_->take_ready();
  check_invariants();
  return ready;
}

const NodeId& Node::self() const { return state_->self; }
const Options& Node::options() const { return state_->options; }
Role Node::role() const { return state_->role; }
Term Node::current_term() const { return state_->hard_state.current_term; }
const NodeId& Node::voted_for() const { return state_->hard_state.voted_for; }
const NodeId& Node::leader() const { return state_->leader; }
Index Node::commit_index() const { return state_->commit_index; }
Index Node::applied_index() const { return state_->applied_index; }
Index Node::first_index() const { return state_->log.first_index(); }
Index Node::last_index() const { return state_->log.last_index(); }
Term Node::last_term() const { return state_->log.last_term(); }
Index Node::durable_index() const { return state_->log.durable_index(); }
std::optional<Term> Node::term_at(Index index) const { return state_->log.term_at(index); }
const Configuration& Node::configuration() const { return state_->configuration(); }
Index Node::configuration_index() const { return state_->configurations.back().first; }
const Configuration& Node::configuration_at(Index index) const {
  const auto& all = state_->configurations;
  const auto after =
      std::ranges::upper_bound(all, index, {}, [](const auto& one) { return one.first; });
  CONCLAVE_ASSERT_WHY(after != all.begin(), "configurations below the base are forgotten");
  return std::prev(after)->second;
}
std::uint64_t Node::ticks() const { return state_->ticks; }
std::uint64_t Node::uncommitted_bytes() const { return state_->uncommitted_bytes; }

std::vector<PeerStanding> Node::peers() const {
  std::vector<PeerStanding> out;
  for (const auto& [id, progress] : state_->peers) {
    out.push_back(
        {id, progress.match_index, state_->ticks - progress.heard_tick, progress.ticks_caught_up});
  }
  return out;
}

const NodeId& Node::transfer_target() const {
  static const NodeId nobody;
  return state_->transfer ? state_->transfer->target : nobody;
}

bool Node::is_ready_leader() const {
  return state_->role == Role::leader && state_->applied_index >= state_->term_start_index;
}

std::optional<std::uint64_t> Node::lease_start_tick() const {
  return is_ready_leader() ? state_->lease_start : std::nullopt;
}

std::uint64_t Node::lease_ticks_left() const {
  if (!is_ready_leader()) return 0;
  if (is_alone(state_->configuration(), state_->self)) return forever;
  if (!state_->lease_start) return 0;
  const std::uint64_t end = *state_->lease_start + state_->options.lease_ticks;
  return end > state_->ticks ? end - state_->ticks : 0;
}

std::uint64_t Node::ticks_since_leader() const {
  return state_->role == Role::leader ? 0 : state_->ticks_since_leader;
}

void Node::check_invariants() const { state_->check_invariants(); }

}  // namespace conclave::raft
