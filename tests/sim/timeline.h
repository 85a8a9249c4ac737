#pragma once

/// Simulated time: what will happen, in order. Equal times keep the order in which they were asked
/// for, so a seed decides everything.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace conclave::sim {

/// Microseconds since the world began.
using SimTime = std::uint64_t;
constexpr SimTime milliseconds = 1000;
constexpr SimTime seconds = 1000 * milliseconds;

using Action = std::move_only_function<void()>;

class Timeline {
 public:
  SimTime now() const { return now_; }
  void at(SimTime time, Action what) {
    std::size_t place = actions_.size();
    if (free_.empty()) {
      actions_.push_back(std::move(what));
    } else {
      place = free_.back();
      free_.pop_back();
      actions_[place] = std::move(what);
    }
    events_.push_back({std::max(time, now_), ++sequence_, place});
    std::ranges::push_heap(events_, later);
  }
  void after(SimTime delay, Action what) { at(now_ + delay, std::move(what)); }
  /// Everything up to `end`.
  void run_until(SimTime end) {
    while (!events_.empty() && events_.front().time <= end) {
      std::ranges::pop_heap(events_, later);
      const Event event = events_.back();
      events_.pop_back();
      now_ = event.time;
      ++happened_;
      Action what = std::exchange(actions_[event.place], {});
      free_.push_back(event.place);
      what();
    }
    now_ = end;
  }
  std::uint64_t happened() const { return happened_; }

 private:
  struct Event {
    SimTime time;
    std::uint64_t sequence;
    std::size_t place;  ///< In actions_.
  };
  static bool later(const Event& a, const Event& b) {
    return std::pair{a.time, a.sequence} > std::pair{b.time, b.sequence};
  }

  SimTime now_ = 0;
  std::uint64_t sequence_ = 0;
  std::uint64_t happened_ = 0;
  std::vector<Event> events_;  ///< A heap: the next one first.
  std::vector<Action> actions_;
  std::vector<std::size_t> free_;  ///< Places in actions_.
};

}  // namespace conclave::sim
