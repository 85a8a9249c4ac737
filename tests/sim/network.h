#pragma once

/// Links between servers: loss, delay, repetition, other order, cuts one way or both.

#include <functional>
#include <set>
#include <utility>

#include "base/core/rng.h"
#include "raft/core/message.h"
#include "tests/sim/timeline.h"

namespace conclave::sim {

/// One start of a server: who says something.
struct Process {
  std::size_t number = 0;  ///< Of the server.
  raft::Incarnation incarnation{};
  std::uint64_t boots = 0;
};

class Network {
 public:
  Network(Timeline& timeline, Rng& rng);

  /// Where messages go.
  std::function<void(const Process& from, std::size_t to, raft::Message)> deliver;

  void transmit(const Process& from, raft::Message message);
  /// Anything else that one server says to another: once or not at all.
  void say(std::size_t from, std::size_t to, Action arrives);

  void cut(std::size_t from, std::size_t to) { cuts_.insert({from, to}); }
  void mend(std::size_t from, std::size_t to) { cuts_.erase({from, to}); }
  void mend_all() { cuts_.clear(); }
  bool is_cut(std::size_t from, std::size_t to) const {
    return !cuts_.empty() && cuts_.contains({from, to});
  }
  bool is_whole() const { return cuts_.empty(); }
  /// From now on nothing is lost or late.
  void calm() { calm_ = true; }

  static std::size_t number_of(const raft::NodeId& id) {
    return static_cast<std::size_t>(id.value.front() - 'a');
  }

 private:
  SimTime delay();
  bool loses();

  Timeline& timeline_;
  Rng& rng_;
  bool calm_ = false;
  std::uint64_t loss_per_thousand_;
  std::uint64_t repeat_per_thousand_;
  SimTime delay_max_;
  std::set<std::pair<std::size_t, std::size_t>> cuts_;  ///< From, to.
};

}  // namespace conclave::sim
