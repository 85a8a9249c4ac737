#include "base/core/assert.h"
#include "raft/core/mutation.h"
#include "raft/core/node_state.h"

namespace conclave::raft {

/// §6 with the correction of 2015 (dissertation §4.1 and reliability rule 3): not before an entry
/// of the own term is committed, and one at a time.
Result<Index> Node::State::change_membership(std::span<const MembershipChange> changes) {
  if (role != Role::leader) {
    return fail(ErrorCode::no_leader, "only the leader changes the configuration");
  }
  if (transfer) {
    return fail(ErrorCode::unavailable,
                "leadership is being handed to " + transfer->target.value + "; try again");
  }
  if (!own_term_committed() && !core_mutation.changes_before_own_term) {
    return fail(ErrorCode::unavailable, "this leader has not committed an entry yet; try again");
  }
  if (configurations.back().first > commit_index || !configuration().outgoing.empty()) {
    return fail(ErrorCode::unavailable, "another change of the servers is under way; try again");
  }
  CONCLAVE_TRY_ASSIGN(const Configuration changed, changed_configuration(configuration(), changes));
  return append_configuration(changed);
}

Index Node::State::append_configuration(const Configuration& next_configuration) {
  CONCLAVE_ASSERT_WHY(own_term_committed() || core_mutation.changes_before_own_term,
                      "no change before an entry of the own term");
  CONCLAVE_ASSERT_WHY(configurations.back().first <= commit_index, "one change at a time");
  const Index index =
      append_as_leader(EntryKind::configuration, encode_configuration(next_configuration));
  // New servers hear of their leader, and a leader that is no longer alone needs a lease.
  if (!peers.empty()) start_round();
  return index;
}

/// What follows from the configuration in force once it is committed.
void Node::State::follow_configuration() {
  if (!own_term_committed() || configurations.back().first > commit_index) return;
  if (!configuration().outgoing.empty()) {
    // Once: the configuration in force is no longer joint after this (reliability rule 8).
    if (!transfer) append_configuration(without_outgoing(configuration()));
    return;
  }
  if (!is_own_vote()) step_down_for_good();
}

/// §6, third issue: a leader that is not in the new configuration leads until it is committed.
void Node::State::step_down_for_good() {
  // It answers no read any more, so that the others need not wait for what it applies.
  share_commit_index(commit_index);
  const NodeId successor = best_successor();
  if (!successor.value.empty() && peers.at(successor).match_index >= commit_index) {
    // Its own lease ends with its leadership, so the successor need not wait for a timeout.
    send(successor, TimeoutNow{last_round});
  }
  become_follower(hard_state.current_term, {});
}

/// Once per tick.
void Node::State::watch_learners() {
  std::vector<MembershipChange> promotions;
  for (const Server& server : configuration().servers) {
    const auto peer = peers.find(server.id);
    if (peer == peers.end()) continue;
    Progress& progress = peer->second;
    if (server.suffrage != Suffrage::learner) {
      // Who is demoted later earns its vote anew.
      progress.ticks_caught_up = 0;
      continue;
    }
    LearnerStanding standing{progress.match_index, commit_index, ticks - progress.heard_tick,
                             progress.ticks_caught_up};
    progress.ticks_caught_up = is_caught_up(standing, options) ? progress.ticks_caught_up + 1 : 0;
    standing.ticks_caught_up = progress.ticks_caught_up;
    if (may_promote(standing, options)) {
      promotions.push_back({MembershipChange::Kind::promote, server});
    }
  }
  if (!options.automatic_promotion || promotions.empty()) return;
  // Refused while another change is under way: the next tick asks again.
  static_cast<void>(change_membership(promotions));
}

/// Servers that came get a Progress, servers that went lose theirs; the others keep what is known.
void Node::State::update_peers() {
  std::map<NodeId, Progress> kept;
  for (const auto* list : {&configuration().servers, &configuration().outgoing}) {
    for (const Server& server : *list) {
      if (server.id == self || kept.contains(server.id)) continue;
      const auto known = peers.find(server.id);
      if (known != peers.end()) {
        kept.emplace(server.id, std::move(known->second));
        continue;
      }
      // Figure 2: nextIndex starts after the leader's last entry, matchIndex at 0.
      Progress progress;
      progress.next_index = next(log.last_index());
      progress.recently_active = true;
      progress.heard_tick = ticks;
      kept.emplace(server.id, std::move(progress));
    }
  }
  peers = std::move(kept);
}

bool Node::State::is_own_vote() const { return is_voter(configuration(), self, incarnation); }

/// Dissertation §4.2.2: a server that loses its vote by the last entry of its log "should still
/// start new elections, as it might still be needed until the Cnew entry is committed": those that
/// have yet to get that entry may win no majority of the old servers against a log that is longer.
/// Its own vote does not count.
bool Node::State::may_campaign() const {
  if (is_own_vote()) return true;
  if (configurations.size() < 2 || configurations.back().first <= commit_index) return false;
  return is_voter(configurations[configurations.size() - 2].second, self, incarnation);
}

/// True for a message that is ignored as if it had not come: from a server that was removed, from a
/// wiped disk under a known name, from nobody known (reliability rules 4, 11, 12, 21). A leader was
/// elected by a quorum that knew it, and a candidate whose log is ahead of this one may know a
/// configuration that is not here yet (dissertation §4.1): without them a server that lags could be
/// left behind for ever.
bool Node::State::is_foreign(const Message& message) const {
  const bool is_reply = std::holds_alternative<RequestVoteReply>(message.body) ||
                        std::holds_alternative<AppendEntriesReply>(message.body) ||
                        std::holds_alternative<HeartbeatReply>(message.body) ||
                        std::holds_alternative<InstallSnapshotReply>(message.body);
  if (is_reply) return find_member(configuration(), message.from, message.incarnation) == nullptr;
  const auto* vote = std::get_if<RequestVote>(&message.body);
  if (vote == nullptr || configuration().servers.empty()) return false;
  if (is_voter(configuration(), message.from, message.incarnation)) return false;
  if (vote->last_log_term != log.last_term()) return vote->last_log_term < log.last_term();
  return vote->last_log_index <= log.last_index();
}

}  // namespace conclave::raft
