#include "tests/sim/server.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/core/assert.h"

namespace conclave::raft {

SimServer::SimServer(std::size_t number, Outside outside, const Options& options,
                     const Configuration& first)
    : number_(number),
      id_{std::string(1, static_cast<char>('a' + number))},
      outside_(outside),
      options_(options),
      clock_rate_(outside.rng.between(980, 1020)) {
  incarnation_[0] = 1;
  if (first.servers.empty()) return;
  disk_.hard_state.current_term = Term{1};
  disk_.entries = {first_entry(first)};
  disk_.commit = Index{1};
}

void SimServer::later(SimTime delay, std::function<void()> what) {
  outside_.timeline.after(
      delay, [this, life = life_, what = std::move(what)] { run_or_wait(life, what); });
}

void SimServer::run_or_wait(std::uint64_t life, const std::function<void()>& what) {
  if (life != life_) return;
  if (paused_until_ > outside_.timeline.now()) {
    outside_.timeline.at(paused_until_, [this, life, what] { run_or_wait(life, what); });
    return;
  }
  what();
  if (host_ != nullptr) outside_.observer.look_at(number_, node());
}

void SimServer::start() {
  CONCLAVE_ASSERT(!runs());
  outside_.observer.restarted(number_);
  InitialState initial = recover();
  state_ = disk_.checkpoint;
  Node node(id_, options_, std::move(initial), Rng(outside_.rng.next()));
  host_ = std::make_unique<Host>(std::move(node), *this, *this, *this, this);
  tick_times_ = {local_time()};
  host_->start();
  outside_.observer.look_at(number_, this->node());
  later(outside_.rng.below(options_.tick_ms * milliseconds), [this] { tick(); });
}

/// A state that is ahead of the log, or of another history, came from a snapshot.
InitialState SimServer::recover() {
  const SimState& state = disk_.checkpoint;
  const auto at = std::ranges::find(disk_.entries, state.index, &Entry::index);
  const bool at_base = disk_.base_index == state.index && disk_.base_term == state.term;
  const bool in_log = at != disk_.entries.end() && at->term == state.term;
  if (!at_base && !in_log) disk_.entries.clear();
  std::erase_if(disk_.entries, [&](const Entry& entry) { return entry.index <= state.index; });
  disk_.base_index = state.index;
  disk_.base_term = state.term;
  disk_.commit = std::max(disk_.commit, state.index);

  InitialState initial;
  initial.hard_state = disk_.hard_state;
  initial.configuration = state.configuration;
  initial.base_index = initial.applied_index = state.index;
  initial.base_term = state.term;
  initial.entries = disk_.entries;
  const Index last{state.index.value + disk_.entries.size()};
  initial.commit_index = std::min(disk_.commit, last);
  initial.incarnation = incarnation_;
  initial.partial_snapshot = disk_.partial;
  return initial;
}

/// What was being written is on the disk or not: a batch is torn and cut off, or complete.
void SimServer::crash() {
  if (!runs()) return;
  ++outside_.observer.coverage.crashes;
  if (pending_) {
    if (outside_.rng.chance(1, 2)) {
      persist(*pending_);
    } else {
      ++outside_.observer.coverage.lost_writes;
    }
  }
  ++life_;
  host_.reset();
  pending_.reset();
  doom_ = nullptr;
  proposed_.clear();
  made_.clear();
  paused_until_ = 0;
}

void SimServer::wipe() {
  crash();
  ++outside_.observer.coverage.wipes;
  disk_ = {};
  ++incarnation_[0];
}

void SimServer::crash_in_next_write(std::function<void()> then) {
  if (runs()) doom_ = std::move(then);
}

void SimServer::pause(SimTime length) {
  ++outside_.observer.coverage.pauses;
  paused_until_ = outside_.timeline.now() + length;
}

SimTime SimServer::local_time() const { return outside_.timeline.now() * clock_rate_ / 1000; }

void SimServer::tick() {
  tick_times_.push_back(local_time());
  host_->tick();
  const SimTime length = options_.tick_ms * milliseconds * 1000 / clock_rate_;
  later(length, [this] { tick(); });
}

void SimServer::receive(const Message& message) {
  if (!runs()) return;
  run_or_wait(life_, [this, message] { host_->receive(message); });
}

void SimServer::propose(const std::string& payload) {
  if (!runs() || paused_until_ > outside_.timeline.now() || !host_->accepts_proposal()) return;
  const Index index = raft::next(node().last_index());
  const Term term = node().current_term();
  proposed_[index] = term;
  if (!host_->propose(payload)) proposed_.erase(index);
}

void SimServer::read() {
  if (!runs() || paused_until_ > outside_.timeline.now()) return;
  const Index before = outside_.observer.max_commit();
  host_->request_read([this, before](Result<Index> index) {
    if (!index) return;
    outside_.observer.read_from(*index, before, "19: a consistent read");
    ++outside_.observer.coverage.reads;
  });
}

void SimServer::lease_read() {
  if (!runs() || paused_until_ > outside_.timeline.now()) return;
  const std::optional<std::uint64_t> start = node().lease_start_tick();
  if (!start) return;
  const SimTime length = options_.lease_ticks * options_.tick_ms * milliseconds;
  if (local_time() >= tick_times_.at(*start) + length) return;
  outside_.observer.read_from(node().commit_index(), outside_.observer.max_commit(),
                              "20: a lease read");
  ++outside_.observer.coverage.lease_reads;
}

/// Not before the state it copies is the oldest that a crash could leave behind.
void SimServer::checkpoint() {
  if (!runs() || state_.index <= disk_.checkpoint.index) return;
  later(outside_.rng.below(50 * milliseconds), [this, state = state_] {
    if (state.index <= disk_.checkpoint.index) return;
    disk_.checkpoint = state;
    host_->checkpointed(state.index);
  });
}

bool SimServer::holds(Index index, Term term) const {
  if (index <= disk_.checkpoint.index || index <= disk_.base_index) return true;
  const auto at = std::ranges::find(disk_.entries, index, &Entry::index);
  return at != disk_.entries.end() && at->term == term;
}

void SimServer::apply(std::span<const Entry> entries) {
  for (const Entry& entry : entries) {
    state_.apply(entry);
    outside_.observer.applied(entry, state_);
    const auto own = proposed_.find(entry.index);
    if (own == proposed_.end()) continue;
    if (own->second == entry.term) {
      // Committed under the configuration at the entry or a later one: its own write may have taken
      // longer than a quorum's, and a change have begun meanwhile.
      if (!quorum_holds(node().configuration_at(entry.index), entry.index, entry.term) &&
          !quorum_holds(node().configuration(), entry.index, entry.term)) {
        throw Violation(fmt::format("7: entry {} is acknowledged and not durable on a quorum",
                                    entry.index.value));
      }
      ++outside_.observer.coverage.acknowledged;
    }
    proposed_.erase(own);
  }
}

void SimServer::leadership_changed(Role role, Term, const NodeId&) {
  if (role != Role::leader) return;
  CONCLAVE_ASSERT(is_voter(node().configuration(), id_, incarnation_));
}

}  // namespace conclave::raft
