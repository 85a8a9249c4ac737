#include "tests/sim/observer.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "base/core/crc32c.h"

namespace conclave::sim {

using raft::Configuration;
using raft::Entry;
using raft::Index;
using raft::Node;
using raft::Role;
using raft::Term;

std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  hash = (hash ^ value) * 0x9e3779b97f4a7c15ULL;
  return hash ^ (hash >> 29);
}

std::uint64_t digest(const Entry& entry) {
  std::uint64_t hash = mix(mix(1, entry.term.value), entry.index.value);
  return mix(mix(hash, static_cast<std::uint64_t>(entry.kind)), crc32c(entry.payload));
}

namespace {

/// By the configuration in force, or by the one before until that is known to be committed.
bool may_campaign(const Node& node, const SimDisk& disk) {
  if (is_voter(node.configuration(), node.self(), disk.incarnation)) return true;
  const Index changed = node.configuration_index();
  return changed > node.commit_index() &&
         is_voter(node.configuration_at({changed.value - 1}), node.self(), disk.incarnation);
}

}  // namespace

void Observer::look_at(std::size_t server, const Node& node, const SimDisk& disk, bool writes) {
  Seen& seen = seen_[server];
  require(node.current_term() >= seen.term, "11: a term went back");
  require(node.commit_index() >= seen.commit, "11: a commit index went back");
  require(node.applied_index() >= seen.applied, "11: an applied index went back");
  require(node.commit_index() <= node.last_index(), "11: more is committed than there is");
  const bool was_leader = seen.role == Role::leader && seen.term == node.current_term();
  const bool campaigns = node.role() == Role::candidate || node.role() == Role::pre_candidate;
  if (campaigns && seen.role == Role::follower) {
    require(may_campaign(node, disk), "16: a server without a vote campaigns");
  }
  if (node.role() != Role::follower) {
    require(!disk.has_been_damaged, "18: a server with a damaged log campaigns or leads");
  }
  if (node.role() == Role::leader && !was_leader) look_at_new_leader(node);
  if (node.commit_index() != seen.commit) look_at_commit(seen, node);
  look_at_configuration(server, node, disk, writes);
  seen.role = node.role();
  seen.term = node.current_term();
  seen.commit = node.commit_index();
  seen.applied = node.applied_index();
}

void Observer::look_at_new_leader(const Node& node) {
  const Term term = node.current_term();
  const auto [at, first] = leaders_.emplace(term, node.self());
  if (at->second != node.self())
    throw Violation(fmt::format("1: two leaders in term {}", term.value));
  if (first) ++leaders;
  // 16, 17, 18: by votes of members, under the incarnation that the configuration names, and on
  // their disks. The leader's own vote may still be under way when it is alone.
  const Configuration& configuration = node.configuration();
  const bool elected = has_quorum(configuration, [&](const raft::NodeId& id) {
    const raft::Server* server = find_server(configuration, id);
    const auto vote = votes_.find({{id, server->incarnation}, term});
    return vote != votes_.end() && vote->second == node.self();
  });
  require(elected || is_alone(configuration, node.self()),
          "16, 17: a leader without a quorum of members' durable votes");
  for (Index index = node.first_index(); index.value < committed_.size(); index = next(index)) {
    const Committed& one = committed_[index.value];
    if (one.term == Term{} || one.committed_in >= term) continue;
    if (node.term_at(index) == one.term) continue;
    throw Violation(
        fmt::format("5: the leader of term {} lacks committed entry {}", term.value, index.value));
  }
}

void Observer::look_at_commit(Seen& seen, const Node& node) {
  if (node.role() == Role::leader && seen.role == Role::leader) {
    require(node.term_at(node.commit_index()) == node.current_term(),
            "6: a leader committed by an entry of an older term");
  }
  if (committed_.size() <= node.commit_index().value)
    committed_.resize(node.commit_index().value + 1);
  for (Index index = std::max(next(seen.commit), node.first_index()); index <= node.commit_index();
       index = next(index)) {
    const Term term = *node.term_at(index);
    Committed& one = committed_[index.value];
    if (one.term == Term{}) {
      one = {term, node.current_term()};
      if (configuration_entries_.contains({index, term})) committed_configuration_ = index;
    } else if (one.term != term) {
      throw Violation(fmt::format("4: entry {} committed twice", index.value));
    }
    one.committed_in = std::min(one.committed_in, node.current_term());
  }
  max_commit_ = std::max(max_commit_, node.commit_index());
}

bool Observer::contradicts_what_is_committed(const Node& node) const {
  const Index index = std::min(node.last_index(), max_commit_);
  const std::optional<Term> term = node.term_at(index);
  return term && committed_[index.value].term != Term{} && *term != committed_[index.value].term;
}

/// 14 and 15.
void Observer::look_at_configuration(std::size_t server, const Node& node, const SimDisk& disk,
                                     bool writes) {
  Seen& seen = seen_[server];
  const Index index = node.configuration_index();
  const Term term = node.term_at(index).value_or(Term{});
  const bool same = index == seen.configuration && term == seen.configuration_term;
  if (same && seen.configuration_on_disk) return;
  const bool on_disk = !writes && node.durable_index() == node.last_index() &&
                       !node.is_installing() && !node.has_new_log_base();
  seen.configuration_on_disk = on_disk;
  if (on_disk) {
    require(node.configuration() == disk.configuration(),
            "15: the configuration in force is not the log's");
  }
  if (same) return;
  const bool is_new = index > seen.configuration && seen.configuration > Index{0};
  seen.configuration = index;
  seen.configuration_term = term;
  if (is_new) ++configurations;
  if (node.role() == Role::leader && is_new && term == node.current_term()) {
    require(node.term_at(node.commit_index()) == term,
            "15: a configuration was changed before an entry of the own term was committed");
  }
  if (node.configuration().servers.empty()) return;
  in_force_[server] = &node;
  if (index < committed_configuration_ || contradicts_what_is_committed(node)) return;
  for (const auto& [other, theirs] : in_force_) {
    if (other == server || theirs->configuration_index() < committed_configuration_ ||
        contradicts_what_is_committed(*theirs)) {
      continue;
    }
    require(overlap(node.configuration(), theirs->configuration()),
            "14: two configurations that may be active have disjoint majorities");
  }
}

bool overlap(const Configuration& a, const Configuration& b) {
  if (a == b) return true;
  std::vector<Member> voters;
  const auto number = [&](const raft::Server& server) {
    const Member member{server.id, server.incarnation};
    const auto known = std::ranges::find(voters, member);
    const auto place = static_cast<std::uint32_t>(known - voters.begin());
    if (known == voters.end()) voters.push_back(member);
    return 1U << place;
  };
  const auto bits = [&](const std::vector<raft::Server>& servers) {
    std::uint32_t out = 0;
    for (const raft::Server& server : servers) {
      if (server.suffrage == raft::Suffrage::voter) out |= number(server);
    }
    return out;
  };
  const std::uint32_t parts[] = {bits(a.servers), bits(a.outgoing), bits(b.servers),
                                 bits(b.outgoing)};
  const auto is_majority = [](std::uint32_t some, std::uint32_t part) {
    return part == 0 || 2 * std::popcount(some & part) > std::popcount(part);
  };
  for (std::uint32_t some = 0; some < (1U << voters.size()); ++some) {
    if (is_majority(some, parts[0]) && is_majority(some, parts[1]) &&
        is_majority(~some, parts[2]) && is_majority(~some, parts[3])) {
      return false;
    }
  }
  return true;
}

void Observer::applied(const Entry& entry, std::uint64_t state_hash) {
  const std::pair mine{digest(entry), state_hash};
  if (applied_.size() <= entry.index.value) applied_.resize(entry.index.value + 1);
  auto& known = applied_[entry.index.value];
  if (known.first == 0) known = mine;
  if (known.first != mine.first) {
    throw Violation(fmt::format("4: another entry was applied at {}", entry.index.value));
  }
  if (known.second != mine.second) {
    throw Violation(fmt::format("13: another state after {}", entry.index.value));
  }
}

void Observer::wrote(const Member& member, const raft::HardState& hard_state) {
  raft::HardState& before = hard_states_[member];
  require(hard_state.current_term >= before.current_term, "11: a durable term went back");
  if (hard_state.current_term == before.current_term && !before.voted_for.value.empty() &&
      hard_state.voted_for != before.voted_for) {
    throw Violation(fmt::format("2: two votes in term {}", before.current_term.value));
  }
  require(!damaged_.contains(member) || hard_state.voted_for.value.empty() || hard_state == before,
          "18: a server with a damaged log votes");
  before = hard_state;
  if (!hard_state.voted_for.value.empty()) {
    votes_[{member, hard_state.current_term}] = hard_state.voted_for;
  }
}

void Observer::wrote(const Entry& entry, Term previous_term) {
  const std::pair mine{digest(entry), previous_term};
  const auto [at, first] = entries_.emplace(std::pair{entry.index, entry.term}, mine);
  if (first && entry.kind == raft::EntryKind::configuration) {
    configuration_entries_.insert(at->first);
  }
  if (at->second == mine) return;
  throw Violation(fmt::format("3: entry {} of term {} differs between logs", entry.index.value,
                              entry.term.value));
}

void Observer::check_promise(const raft::Message& message, const SimDisk& disk) {
  const raft::HardState& hard_state = disk.log.hard_state;
  if (const auto* reply = std::get_if<raft::RequestVoteReply>(&message.body)) {
    if (!reply->granted || reply->pre_vote) return;
    require(hard_state.current_term == reply->candidate_term && hard_state.voted_for == message.to,
            "8: a vote that is not on the disk");
  }
  if (const auto* request = std::get_if<raft::RequestVote>(&message.body)) {
    require(request->pre_vote || hard_state.current_term >= request->candidate_term,
            "8: a candidacy that is not on the disk");
    require(disk.holds(request->last_log_index, request->last_log_term),
            "8: a candidate claims a log that is not on the disk");
  }
  if (const auto* reply = std::get_if<raft::AppendEntriesReply>(&message.body)) {
    require(!reply->success ||
                reply->match_index <= std::max(disk.last_index(), disk.store.durable().index),
            "8: entries acknowledged that are not on the disk");
  }
}

}  // namespace conclave::sim
