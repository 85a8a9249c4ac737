#pragma once

/// What a leader knows and assumes about one other server (Figure 2: nextIndex, matchIndex), and
/// how fast it may send to it.

#include <algorithm>
#include <cstdint>
#include <deque>
#include <string>

#include "raft/core/types.h"

namespace conclave::raft {

struct Progress {
  enum class State : std::uint8_t {
    probe,      ///< Looking for the point where the logs agree: one AppendEntries per answer or
                ///< heartbeat.
    replicate,  ///< In agreement: entries are sent as they come, up to inflight_messages_max
                ///< unanswered.
    snapshot,   ///< What it needs next is no longer in the log: it gets a snapshot in chunks.
  };
  struct Inflight {
    Index last;
    std::uint64_t bytes = 0;
  };

  Index match_index;  ///< Known to be durable there.
  Index next_index{1};
  Index told_commit;  ///< The highest commit index that was sent to it.
  State state = State::probe;
  bool probe_sent = false;        ///< In probe: wait for an answer or the next heartbeat's.
  std::deque<Inflight> inflight;  ///< Each unanswered AppendEntries, ascending.
  std::uint64_t inflight_bytes = 0;
  Index reading_from;       ///< What follows is being read from the disk to be sent; 0 = nothing.
  std::string snapshot_id;  ///< In snapshot: which one; "" = there is none yet.
  std::uint64_t snapshot_offset = 0;
  bool needs_tail = false;       ///< Gets a snapshot, or got one and has not caught up since.
  bool chunk_under_way = false;  ///< Being read, sent or stored; since chunk_tick.
  std::uint64_t chunk_tick = 0;
  bool recently_active = false;  ///< Since the last check-quorum.
  std::uint64_t acknowledged_round = 0;
  std::uint64_t heard_tick = 0;       ///< When it last answered anything.
  std::uint64_t ticks_caught_up = 0;  ///< Of a learner: raft/core/membership.h.

  void become_probe() { become(State::probe); }
  void become_replicate() { become(State::replicate); }
  /// From its first byte.
  void become_snapshot() {
    become(State::snapshot);
    needs_tail = true;
  }

  void sent(Index last, std::uint64_t bytes) {
    inflight.push_back({last, bytes});
    inflight_bytes += bytes;
    next_index = next(last);
  }
  void acknowledged(Index match) {
    match_index = std::max(match_index, match);
    next_index = std::max(next_index, next(match_index));
    while (!inflight.empty() && inflight.front().last <= match_index) {
      inflight_bytes -= inflight.front().bytes;
      inflight.pop_front();
    }
  }

 private:
  void become(State next_state) {
    state = next_state;
    probe_sent = false;
    next_index = next(match_index);
    inflight.clear();
    inflight_bytes = 0;
    reading_from = {};
    snapshot_id.clear();
    snapshot_offset = 0;
    chunk_under_way = false;
  }
};

}  // namespace conclave::raft
