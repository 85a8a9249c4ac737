#include <fmt/format.h>

#include <algorithm>

#include "base/core/assert.h"
#include "tests/sim/server.h"

/// The simulated server's disk and links, and the promises that depend on what is on it.

namespace conclave::raft {

SimTime SimServer::disk_delay() {
  // Now and then a disk is busy with something else.
  if (outside_.rng.chance(1, 100)) return outside_.rng.below(400 * milliseconds);
  return outside_.rng.between(100, 3 * milliseconds);
}

void SimServer::write(const HardState* hard_state, std::span<const Entry> entries, Index commit,
                      std::function<void()> durable) {
  Write write{{}, {}, {entries.begin(), entries.end()}, commit};
  if (hard_state != nullptr) write.hard_state = *hard_state;
  start_write(std::move(write), std::move(durable));
}

void SimServer::reset(const LogBase& base, const HardState* hard_state,
                      std::span<const Entry> entries, Index commit, std::function<void()> durable) {
  Write write{{}, base, {entries.begin(), entries.end()}, commit};
  if (hard_state != nullptr) write.hard_state = *hard_state;
  start_write(std::move(write), std::move(durable));
}

void SimServer::start_write(Write write, std::function<void()> durable) {
  CONCLAVE_ASSERT(!pending_);
  pending_ = std::move(write);
  const SimTime delay = disk_delay();
  if (doom_) {
    later(outside_.rng.below(delay), [this, then = std::exchange(doom_, nullptr)] {
      crash();
      then();
    });
  }
  later(delay, [this, durable = std::move(durable)] {
    persist(*pending_);
    pending_.reset();
    durable();
  });
}

void SimServer::persist(const Write& write) {
  if (write.hard_state) {
    outside_.observer.wrote(number_, incarnation_, *write.hard_state);
    disk_.hard_state = *write.hard_state;
  }
  if (write.base) {
    disk_.entries.clear();
    disk_.base_index = write.base->index;
    disk_.base_term = write.base->term;
  }
  for (const Entry& entry : write.entries) append(entry);
  const Index last{disk_.base_index.value + disk_.entries.size()};
  disk_.commit = std::max(disk_.commit, std::min(write.commit, last));
}

void SimServer::append(const Entry& entry) {
  const Index last{disk_.base_index.value + disk_.entries.size()};
  if (entry.index <= last) {
    const bool above_commit = entry.index > disk_.commit && entry.index > disk_.base_index;
    if (!above_commit) throw Violation("9: truncation at or below the commit index");
    const Entry& old = disk_.entries.at(entry.index.value - disk_.base_index.value - 1);
    if (old.term == entry.term) throw Violation("9: truncation without a conflict");
    disk_.entries.resize(entry.index.value - disk_.base_index.value - 1);
    ++outside_.observer.coverage.truncations;
  } else if (entry.index != next(last)) {
    throw Violation("10: the log has a gap");
  }
  outside_.observer.wrote(entry, last_term_on_disk());
  disk_.entries.push_back(entry);
}

Term SimServer::last_term_on_disk() const {
  return disk_.entries.empty() ? disk_.base_term : disk_.entries.back().term;
}

void SimServer::release(Index through) {
  CONCLAVE_ASSERT_WHY(through <= disk_.checkpoint.index, "only what is checkpointed");
  while (!disk_.entries.empty() && disk_.entries.front().index <= through) {
    disk_.base_index = disk_.entries.front().index;
    disk_.base_term = disk_.entries.front().term;
    disk_.entries.erase(disk_.entries.begin());
  }
}

void SimServer::send(std::vector<Message> messages) {
  for (const Message& message : messages) {
    check_promise(message);
    outside_.transmit(number_, message);
  }
}

/// 8: what is promised would survive a crash now.
void SimServer::check_promise(const Message& message) const {
  if (const auto* reply = std::get_if<RequestVoteReply>(&message.body)) {
    if (!reply->granted || reply->pre_vote) return;
    if (disk_.hard_state.current_term != reply->candidate_term ||
        disk_.hard_state.voted_for != message.to) {
      throw Violation("8: a vote that is not on the disk");
    }
  }
  if (const auto* request = std::get_if<RequestVote>(&message.body)) {
    if (!request->pre_vote && disk_.hard_state.current_term < request->candidate_term) {
      throw Violation("8: a candidacy that is not on the disk");
    }
    if (!holds(request->last_log_index, request->last_log_term)) {
      throw Violation("8: a candidate claims a log that is not on the disk");
    }
  }
  if (const auto* reply = std::get_if<AppendEntriesReply>(&message.body)) {
    const Index last{disk_.base_index.value + disk_.entries.size()};
    if (reply->success && reply->match_index > std::max(last, disk_.checkpoint.index)) {
      throw Violation("8: entries acknowledged that are not on the disk");
    }
  }
}

void SimServer::make(std::function<void(Result<SnapshotMeta>)> made) {
  later(outside_.rng.below(20 * milliseconds), [this, made = std::move(made)] {
    if (outside_.rng.chance(1, 10)) return made(fail(ErrorCode::unavailable, "not now"));
    const std::string bytes = state_.to_bytes();
    const std::string id = fmt::format("{}-{}", state_.index.value, state_.hash);
    made_[id] = bytes;
    made(SnapshotMeta{id, state_.index, state_.term, state_.configuration, bytes.size()});
  });
}

void SimServer::read(const std::string& id, std::uint64_t offset, std::uint64_t bytes_max,
                     std::function<void(Result<std::string>)> done) {
  later(disk_delay(), [this, id, offset, bytes_max, done = std::move(done)] {
    const auto made = made_.find(id);
    if (made == made_.end() || outside_.rng.chance(1, 100)) {
      return done(fail(ErrorCode::not_found, "lost"));
    }
    done(made->second.substr(offset, bytes_max));
  });
}

void SimServer::release(const std::string& id) { made_.erase(id); }

void SimServer::store(const SnapshotChunk& chunk, std::function<void(Result<void>)> stored) {
  later(disk_delay(), [this, chunk, stored = std::move(stored)] {
    if (chunk.is_first()) disk_.received.clear();
    CONCLAVE_ASSERT(disk_.received.size() == chunk.offset);
    disk_.received += chunk.data;
    disk_.partial = PartialSnapshot{chunk.snapshot, disk_.received.size()};
    if (chunk.is_last() && !SimState::from_bytes(disk_.received)) {
      disk_.partial.reset();
      return stored(fail(ErrorCode::corrupt, "not what its id says"));
    }
    stored({});
  });
}

void SimServer::install(const SnapshotMeta& snapshot, std::function<void()> installed) {
  later(outside_.rng.below(200 * milliseconds), [this, snapshot, installed = std::move(installed)] {
    const Result<SimState> state = SimState::from_bytes(disk_.received);
    CONCLAVE_ASSERT(state && state->index == snapshot.index);
    CONCLAVE_ASSERT(state->configuration == snapshot.configuration);
    CONCLAVE_ASSERT_WHY(state->index > state_.index, "11: an install went back");
    disk_.checkpoint = state_ = *state;
    disk_.partial.reset();
    ++outside_.observer.coverage.installs;
    installed();
  });
}

}  // namespace conclave::raft
