#include "raft/core/mutation.h"
#include "raft/core/node_state.h"

namespace conclave::raft {

Result<ReadId> Node::State::request_read() {
  if (role != Role::leader) {
    return fail(ErrorCode::no_leader, "a read point was asked of a server that is not the leader");
  }
  if (reads_asked.size() + reads_in_round.size() >= options.reads_max) {
    return fail(ErrorCode::too_many, "too many reads wait for a quorum; try again");
  }
  reads_asked.push_back({++last_read});
  return reads_asked.back();
}

/// §8: no read before an entry of the own term is committed; until then the commit index may be
/// behind what earlier leaders acknowledged.
bool Node::State::wants_round() const {
  // Whoever acknowledges a round after TimeoutNow would not vote for the successor: reads wait for
  // the next heartbeat.
  if (transfer && transfer->timeout_now_sent) return false;
  return !reads_asked.empty() && (own_term_committed() || core_mutation.reads_before_own_term);
}

/// Every round has a number of its own, so an answer confirms only reads that began before it was
/// sent.
void Node::State::start_round() {
  ++last_round;
  heartbeat_elapsed = 0;
  rounds.emplace_back(last_round, ticks);
  while (rounds.front().second + options.lease_ticks < ticks) rounds.pop_front();
  if (own_term_committed() || core_mutation.reads_before_own_term) {
    for (const ReadId id : reads_asked) reads_in_round.push_back({last_round, {id, commit_index}});
    reads_asked.clear();
  }
  for (const auto& [id, progress] : peers) {
    send(id, Heartbeat{last_round, std::min(progress.match_index, shared_commit_index())});
  }
  confirm_rounds();
  if (transfer && transfer->timeout_now_sent) send_timeout_now();
}

void Node::State::confirm_rounds() {
  const std::uint64_t confirmed = quorum_value(configuration(), [this](const NodeId& id) {
    if (id == self) return last_round;
    const auto peer = peers.find(id);
    return peer == peers.end() ? 0 : peer->second.acknowledged_round;
  });
  while (!rounds.empty() && rounds.front().first <= confirmed) {
    lease_start = rounds.front().second;
    rounds.pop_front();
  }
  while (!reads_in_round.empty() && reads_in_round.front().round <= confirmed) {
    reads_ready.push_back(reads_in_round.front().point);
    reads_in_round.pop_front();
  }
}

void Node::State::fail_reads() {
  for (const PendingRead& read : reads_in_round) reads_failed.push_back(read.point.id);
  reads_failed.insert(reads_failed.end(), reads_asked.begin(), reads_asked.end());
  reads_in_round.clear();
  reads_asked.clear();
}

void Node::State::on_heartbeat(const Message& message, const Heartbeat& heartbeat) {
  heard_leader(message.from);
  heard->round = std::max(heard->round, heartbeat.round);
  if (heartbeat.leader_commit <= log.last_index()) set_commit_index(heartbeat.leader_commit);
  send(message.from, HeartbeatReply{heartbeat.round});
}

void Node::State::on_heartbeat_reply(const Message& message, const HeartbeatReply& reply) {
  if (role != Role::leader) return;
  const auto peer = peers.find(message.from);
  if (peer == peers.end() || reply.round > last_round) return;
  Progress& progress = peer->second;
  progress.recently_active = true;
  progress.heard_tick = ticks;
  progress.acknowledged_round = std::max(progress.acknowledged_round, reply.round);
  confirm_rounds();
  if (progress.state == Progress::State::snapshot) return retry_snapshot(peer->first, progress);
  if (progress.match_index == log.last_index()) return;
  progress.probe_sent = false;
  if (progress.state == Progress::State::replicate &&
      progress.match_index < previous(progress.next_index)) {
    // It is there, so what it has not acknowledged may have been lost. An empty AppendEntries at
    // the end of what was sent finds out: it is acknowledged or refused.
    const Index prev = previous(progress.next_index);
    if (const std::optional<Term> prev_term = log.term_at(prev)) {
      send(peer->first, AppendEntries{prev, *prev_term, {}, shared_commit_index()});
      progress.told_commit = shared_commit_index();
    }
  }
  send_append(peer->first, progress);
}

}  // namespace conclave::raft
