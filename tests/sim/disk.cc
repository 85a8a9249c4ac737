#include "tests/sim/disk.h"

#include <algorithm>

#include "base/core/assert.h"
#include "tests/sim/mutant.h"
#include "tests/sim/observer.h"

namespace conclave::sim {

using raft::Entry;
using raft::Index;
using raft::Term;

Term SimDisk::last_term() const {
  return log.entries.empty() ? log.base_term : log.entries.back().term;
}

const Entry& SimDisk::at(Index index) const {
  return log.entries.at(index.value - log.base_index.value - 1);
}

bool SimDisk::holds(Index index, Term term) const {
  if (index <= store.durable().index || index <= log.base_index) return true;
  return index <= last_index() && at(index).term == term;
}

raft::Configuration SimDisk::configuration() const {
  for (auto entry = log.entries.rbegin(); entry != log.entries.rend(); ++entry) {
    if (entry->kind == raft::EntryKind::configuration && entry->index > store.applied().index) {
      return *raft::decode_configuration(entry->payload);
    }
  }
  return *store.applied().configuration;
}

void SimDisk::persist(const Write& write, Observer& observer) {
  if (is(Mutant::no_fsync)) {
    if (write.base) unsynced.clear();
    unsynced.push_back(log);
    if (unsynced.size() > 8) unsynced.pop_front();
  }
  if (write.hard_state) {
    raft::HardState stored = *write.hard_state;
    if (is(Mutant::vote_not_stored)) stored.voted_for = {};
    observer.wrote({id, incarnation}, stored);
    log.hard_state = stored;
  }
  if (write.base) {
    log.entries.clear();
    log.base_index = write.base->index;
    log.base_term = write.base->term;
  }
  for (const Entry& entry : write.entries) append(entry, observer);
  log.commit = std::max(log.commit, std::min(write.commit, last_index()));
}

void SimDisk::append(const Entry& entry, Observer& observer) {
  if (entry.index <= last_index()) {
    require(entry.index > log.commit && entry.index > log.base_index,
            "9: truncation at or below the commit index");
    require(at(entry.index).term != entry.term, "9: truncation without a conflict");
    log.entries.resize(entry.index.value - log.base_index.value - 1);
    ++truncations;
  }
  require(entry.index == next(last_index()), "10: the log has a gap");
  observer.wrote(entry, last_term());
  log.entries.push_back(entry);
}

void SimDisk::release(Index through) {
  require(through <= store.durable().index, "10: the log is cut above the checkpoint");
  while (!log.entries.empty() && log.entries.front().index <= through) {
    log.base_index = log.entries.front().index;
    log.base_term = log.entries.front().term;
    log.entries.pop_front();
  }
}

void SimDisk::crash(Rng& rng) {
  store.crash();
  if (unsynced.empty() || !rng.chance(1, 2)) return;
  const Log& old = unsynced[rng.below(unsynced.size())];
  const Index last{old.base_index.value + old.entries.size()};
  if (last >= store.durable().index) log = old;
  unsynced.clear();
}

bool SimDisk::damage(Rng& rng) {
  const Index first = std::max(next(log.base_index), next(store.durable().index));
  if (first >= last_index() || first > log.commit) return false;
  damaged_at_ = Index{rng.between(first.value, std::min(log.commit.value, last_index().value - 1))};
  damaged = has_been_damaged = true;
  return true;
}

/// A state that is ahead of the log, or of another history, came from a snapshot.
raft::InitialState SimDisk::recover() {
  if (damaged) {
    CONCLAVE_ASSERT_WHY(is(Mutant::truncates_damage), "a damaged log is not gone on with");
    log.entries.resize(damaged_at_.value - log.base_index.value - 1);
    log.commit = std::min(log.commit, last_index());
    damaged = false;
  }
  ++boots;
  const Position& state = store.applied();
  require(state.index >= log.base_index || log.entries.empty(),
          "10: the state ends before the log begins");
  const bool at_base = log.base_index == state.index && log.base_term == state.term;
  const bool in_log = state.index > log.base_index && state.index <= last_index() &&
                      at(state.index).term == state.term;
  if (!at_base && !in_log) log.entries.clear();
  while (!log.entries.empty() && log.entries.front().index <= state.index) log.entries.pop_front();
  log.base_index = state.index;
  log.base_term = state.term;
  log.commit = std::max(log.commit, state.index);

  raft::InitialState initial;
  initial.hard_state = log.hard_state;
  initial.configuration = *state.configuration;
  initial.base_index = initial.applied_index = state.index;
  initial.base_term = state.term;
  initial.entries = {log.entries.begin(), log.entries.end()};
  initial.commit_index = std::min(log.commit, last_index());
  initial.incarnation = incarnation;
  initial.partial_snapshot = partial;
  return initial;
}

}  // namespace conclave::sim
