#include "tests/sim/observer.h"

#include <fmt/format.h>

#include <algorithm>

namespace conclave::raft {
namespace {

void require(bool holds, const std::string& what) {
  if (!holds) throw Violation(what);
}

}  // namespace

void Observer::look_at(std::size_t server, const Node& node) {
  Seen& seen = seen_[server];
  require(node.current_term() >= seen.term, "11: a term went back");
  require(node.commit_index() >= seen.commit, "11: a commit index went back");
  const bool was_leader = seen.role == Role::leader && seen.term == node.current_term();
  const bool campaigns = node.role() == Role::candidate || node.role() == Role::pre_candidate;
  if (campaigns && seen.role == Role::follower) {
    require(is_voter(node.configuration(), node.self()), "16: a server without a vote campaigns");
  }
  if (node.role() == Role::leader) look_at_leader(node, !was_leader);
  look_at_commit(seen, node);
  if (node.configuration_index() > seen.configuration && seen.configuration > Index{0}) {
    ++coverage.configurations;
  }
  seen = {node.role(), node.current_term(), node.commit_index(), node.configuration_index()};
}

void Observer::look_at_leader(const Node& node, bool is_new) {
  const auto [at, first] = leaders_.emplace(node.current_term(), node.self());
  require(at->second == node.self(),
          fmt::format("1: two leaders in term {}", node.current_term().value));
  if (!is_new) return;
  ++coverage.leaders;
  for (auto one = committed_.lower_bound(node.first_index()); one != committed_.end(); ++one) {
    if (one->second.committed_in >= node.current_term()) continue;
    require(node.term_at(one->first) == one->second.term,
            fmt::format("5: the leader of term {} lacks committed entry {}",
                        node.current_term().value, one->first.value));
  }
}

void Observer::look_at_commit(Seen& seen, const Node& node) {
  if (node.commit_index() == seen.commit) return;
  if (node.role() == Role::leader && seen.role == Role::leader) {
    require(node.term_at(node.commit_index()) == node.current_term(),
            "6: a leader committed by an entry of an older term");
  }
  const Index from = std::max(next(seen.commit), node.first_index());
  for (Index index = from; index <= node.commit_index(); index = next(index)) {
    const Term term = *node.term_at(index);
    const auto [at, first] = committed_.emplace(index, Committed{term, node.current_term()});
    require(at->second.term == term, fmt::format("4: entry {} committed twice", index.value));
    at->second.committed_in = std::min(at->second.committed_in, node.current_term());
  }
  max_commit_ = std::max(max_commit_, node.commit_index());
}

void Observer::applied(const Entry& entry, const SimState& state) {
  const std::pair mine{digest(entry), state.hash};
  const auto [at, first] = applied_.emplace(entry.index, mine);
  require(at->second.first == mine.first,
          fmt::format("4: another entry was applied at {}", entry.index.value));
  require(at->second.second == mine.second,
          fmt::format("13: another state after {}", entry.index.value));
}

void Observer::wrote(std::size_t server, const Incarnation& incarnation,
                     const HardState& hard_state) {
  HardState& before = votes_[{server, incarnation}];
  require(hard_state.current_term >= before.current_term, "11: a durable term went back");
  if (hard_state.current_term == before.current_term && !before.voted_for.value.empty()) {
    require(hard_state.voted_for == before.voted_for,
            fmt::format("2: two votes in term {}", before.current_term.value));
  }
  before = hard_state;
}

void Observer::wrote(const Entry& entry, Term previous_term) {
  const std::pair mine{digest(entry), previous_term};
  const auto [at, first] = entries_.emplace(std::pair{entry.index, entry.term}, mine);
  require(at->second == mine, fmt::format("3: entry {} of term {} differs between logs",
                                          entry.index.value, entry.term.value));
}

void Observer::read_from(Index index, Index committed_before, const std::string& how) const {
  require(index >= committed_before,
          fmt::format("{} reads at {} what was committed up to {} before it began", how,
                      index.value, committed_before.value));
}

}  // namespace conclave::raft
