#pragma once

/// Simulated time: what will happen, in order. Equal times keep the order in which they were asked
/// for, so a seed decides everything.

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

namespace conclave::raft {

/// Microseconds since the world began.
using SimTime = std::uint64_t;
constexpr SimTime milliseconds = 1000;
constexpr SimTime seconds = 1000 * milliseconds;

class Timeline {
 public:
  SimTime now() const { return now_; }
  void at(SimTime time, std::function<void()> what) {
    events_.emplace(std::pair{time < now_ ? now_ : time, ++sequence_}, std::move(what));
  }
  void after(SimTime delay, std::function<void()> what) { at(now_ + delay, std::move(what)); }
  /// Everything up to `end`.
  void run_until(SimTime end) {
    while (!events_.empty() && events_.begin()->first.first <= end) {
      auto event = events_.extract(events_.begin());
      now_ = event.key().first;
      ++happened_;
      event.mapped()();
    }
    now_ = end;
  }
  std::uint64_t happened() const { return happened_; }

 private:
  SimTime now_ = 0;
  std::uint64_t sequence_ = 0;
  std::uint64_t happened_ = 0;
  std::map<std::pair<SimTime, std::uint64_t>, std::function<void()>> events_;
};

}  // namespace conclave::raft
