#pragma once

/// Turns the core's ticks into boot-clock time, so that a lease ends by the clock even when this
/// process was paused and ticks did not fire: it began no later than the tick in which the
/// confirming round was sent. Main thread.

#include <array>
#include <cstdint>

#include "base/core/duration.h"

namespace conclave::daemon {

class LeaseClock {
 public:
  /// Tick number `tick` fires at `now`.
  void ticked(std::uint64_t tick, Nanos now) { at_[tick % kept] = {tick, now}; }

  /// When a lease that began in `start_tick` ends; zero when that tick is too long ago to be known.
  Nanos end_of_lease(std::uint64_t start_tick, Nanos length) const {
    const auto& [tick, at] = at_[start_tick % kept];
    return tick == start_tick && at != Nanos::zero() ? at + length : Nanos::zero();
  }

 private:
  static constexpr std::size_t kept = 64;
  struct Tick {
    std::uint64_t number = 0;
    Nanos at{};
  };
  std::array<Tick, kept> at_{};
};

}  // namespace conclave::daemon
