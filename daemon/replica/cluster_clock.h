#pragma once

/// Cluster time: what every deadline in the state is judged by (design section 6). It is the time
/// of the last applied entry plus, on the leader, what the boot-time clock counted since it took
/// over. It stands still while nobody leads and never goes back, so one bad clock, or a change of
/// leader, makes deadlines later and never earlier. Main thread.

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/core/duration.h"

namespace conclave::daemon {

class ClusterClock {
 public:
  explicit ClusterClock(std::uint64_t stored_ms) : latest_ms_(stored_ms) {}

  /// This server leads from boot-clock time `now` on.
  void lead(Nanos now) { leading_since_.emplace(now, latest_ms_); }
  void follow() { leading_since_.reset(); }
  /// An entry with this time was applied.
  void applied(std::uint64_t cluster_time_ms) {
    latest_ms_ = std::max(latest_ms_, cluster_time_ms);
  }

  std::uint64_t now_ms(Nanos now) const {
    if (!leading_since_) return latest_ms_;
    const auto& [since, base_ms] = *leading_since_;
    const Nanos led = std::max(now - since, Nanos::zero());
    const auto led_ms = std::chrono::duration_cast<std::chrono::milliseconds>(led).count();
    return std::max(latest_ms_, base_ms + static_cast<std::uint64_t>(led_ms));
  }
  /// The time for a new entry: later stamps are never smaller.
  std::uint64_t stamp(Nanos now) { return latest_ms_ = now_ms(now); }

 private:
  struct Lead {
    Nanos since;
    std::uint64_t base_ms;
  };
  std::uint64_t latest_ms_;
  std::optional<Lead> leading_since_;
};

}  // namespace conclave::daemon
