#include <fmt/format.h>

#include "base/core/assert.h"
#include "tests/sim/replica.h"
#include "tests/sim/server.h"

/// The simulated server's log, links and snapshots.

namespace conclave::sim {

using raft::Entry;
using raft::HardState;
using raft::Index;

SimTime SimServer::disk_delay() {
  Rng& rng = outside_.rng;
  if (slow_until_ > outside_.timeline.now()) {
    return rng.between(10 * milliseconds, 1500 * milliseconds);
  }
  // Now and then a disk is busy with something else.
  if (rng.chance(1, 100)) return rng.below(400 * milliseconds);
  return rng.between(100, 3 * milliseconds);
}

void SimServer::write(const HardState* hard_state, std::span<const Entry> entries, Index commit,
                      std::function<void()> durable) {
  SimDisk::Write write{{}, {}, {entries.begin(), entries.end()}, commit};
  if (hard_state != nullptr) write.hard_state = *hard_state;
  start_write(std::move(write), std::move(durable));
}

void SimServer::reset(const raft::LogBase& base, const HardState* hard_state,
                      std::span<const Entry> entries, Index commit, std::function<void()> durable) {
  SimDisk::Write write{{}, base, {entries.begin(), entries.end()}, commit};
  if (hard_state != nullptr) write.hard_state = *hard_state;
  start_write(std::move(write), std::move(durable));
}

void SimServer::start_write(SimDisk::Write write, std::function<void()> durable) {
  CONCLAVE_ASSERT(!pending_);
  pending_ = std::move(write);
  const SimTime delay = disk_delay();
  if (doom_) {
    later(outside_.rng.below(delay), [this, then = std::exchange(doom_, nullptr)]() mutable {
      crash();
      then();
    });
  }
  later(delay, [this, durable = std::move(durable)] {
    disk_.persist(*pending_, outside_.observer);
    pending_.reset();
    durable();
  });
}

void SimServer::release(Index through) { disk_.release(through); }

void SimServer::read(const raft::EntryRange& range, std::uint64_t bytes_max,
                     std::function<void(Result<std::vector<Entry>>)> done) {
  later(disk_delay(), [this, range, bytes_max, done = std::move(done)] {
    if (range.first <= disk_.log.base_index || outside_.rng.chance(1, 100)) {
      return done(fail(ErrorCode::not_found, "lost"));
    }
    ++outside_.coverage.log_reads;
    std::vector<Entry> entries;
    std::uint64_t bytes = 0;
    for (Index index = range.first; index <= range.last; index = next(index)) {
      const Entry& entry = disk_.at(index);
      require(entry.term == range.term, "10: the log on disk holds another entry");
      bytes += entry.payload.size();
      if (bytes > bytes_max && !entries.empty()) break;
      entries.push_back(entry);
    }
    done(std::move(entries));
  });
}

void SimServer::send(std::vector<raft::Message> messages) {
  for (raft::Message& message : messages) {
    Observer::check_promise(message, disk_);
    outside_.network.transmit({number_, disk_.incarnation, disk_.boots}, std::move(message));
  }
}

void SimServer::make(std::function<void(Result<raft::SnapshotMeta>)> made) {
  later(outside_.rng.below(20 * milliseconds), [this, made = std::move(made)] {
    if (outside_.rng.chance(1, 10)) return made(fail(ErrorCode::unavailable, "not now"));
    const SimStore& state = disk_.store;
    std::string bytes = state.to_bytes();
    const std::string id = fmt::format("{}-{}", state.applied().index.value, state.hash());
    const std::uint64_t size = bytes.size();
    made_[id] = std::move(bytes);
    made(raft::SnapshotMeta{id, state.applied().index, state.applied().term,
                            *state.applied().configuration, size});
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

void SimServer::store(const raft::SnapshotChunk& chunk, std::function<void(Result<void>)> stored) {
  later(disk_delay(), [this, chunk, stored = std::move(stored)] {
    if (chunk.is_first()) disk_.received.clear();
    CONCLAVE_ASSERT(disk_.received.size() == chunk.offset);
    disk_.received += chunk.data;
    disk_.partial = raft::PartialSnapshot{chunk.snapshot, disk_.received.size()};
    stored({});
  });
}

void SimServer::install(const raft::SnapshotMeta& snapshot, std::function<void()> installed) {
  later(outside_.rng.below(200 * milliseconds), [this, snapshot, installed = std::move(installed)] {
    SimStore& state = disk_.store;
    require(snapshot.index > state.applied().index, "11: an install goes back");
    CONCLAVE_ASSERT(state.replace(disk_.received).has_value());
    require(state.applied().index == snapshot.index && state.applied().term == snapshot.term,
            "13: a snapshot that is not of its index");
    require(*state.applied().configuration == snapshot.configuration,
            "15: a snapshot with another configuration");
    require(fmt::format("{}-{}", snapshot.index.value, state.hash()) == snapshot.id,
            "13: a snapshot with another state");
    disk_.partial.reset();
    ++outside_.coverage.installs;
    installed();
    replica_->installed();
  });
}

}  // namespace conclave::sim
