#pragma once

/// What a leader knows and assumes about one other server (Figure 2: nextIndex, matchIndex), and
/// how fast it may send to it.

#include <cstdint>
#include <deque>

#include "raft/core/types.h"

namespace conclave::raft {

struct Progress {
  enum class State : std::uint8_t {
    probe,      ///< Looking for the point where the logs agree: one AppendEntries per answer or
                ///< heartbeat.
    replicate,  ///< In agreement: entries are sent as they come, up to inflight_messages_max
                ///< unanswered.
  };

  Index match_index;  ///< Known to be durable there.
  Index next_index{1};
  State state = State::probe;
  bool probe_sent = false;       ///< In probe: wait for an answer or the next heartbeat's.
  std::deque<Index> inflight;    ///< Last index of each unanswered AppendEntries, ascending.
  bool recently_active = false;  ///< Since the last check-quorum.
  std::uint64_t acknowledged_round = 0;
  std::uint64_t heard_tick = 0;       ///< When it last answered anything.
  std::uint64_t ticks_caught_up = 0;  ///< Of a learner: raft/core/membership.h.

  void become_probe() {
    state = State::probe;
    probe_sent = false;
    next_index = next(match_index);
    inflight.clear();
  }
  void become_replicate() {
    state = State::replicate;
    probe_sent = false;
    next_index = next(match_index);
    inflight.clear();
  }
};

}  // namespace conclave::raft
