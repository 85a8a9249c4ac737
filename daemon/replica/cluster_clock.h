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
  explicit ClusterClock(std::uint64_t stored_ms) : applied_ms_(stored_ms) {}

  /// This server leads from boot-clock time `now` on; everything before its term is applied.
  void lead(Nanos now) { lead_ = Lead{now, applied_ms_, applied_ms_}; }
  /// What it stamped and nobody committed is as if it had never been: a later leader may have begun
  /// anew from an earlier time, by which deadlines are set now.
  void follow() { lead_.reset(); }
  /// An entry with this time was applied.
  void applied(std::uint64_t cluster_time_ms) {
    applied_ms_ = std::max(applied_ms_, cluster_time_ms);
  }

  std::uint64_t now_ms(Nanos now) const {
    if (!lead_) return applied_ms_;
    const Nanos led = std::max(now - lead_->since, Nanos::zero());
    const auto led_ms = std::chrono::duration_cast<std::chrono::milliseconds>(led).count();
    return std::max(lead_->stamped_ms, lead_->base_ms + static_cast<std::uint64_t>(led_ms));
  }
  /// The time for a new entry: later stamps of this leader are never smaller.
  std::uint64_t stamp(Nanos now) {
    const std::uint64_t time_ms = now_ms(now);
    if (lead_) lead_->stamped_ms = time_ms;
    return time_ms;
  }

 private:
  struct Lead {
    Nanos since;
    std::uint64_t base_ms;
    std::uint64_t stamped_ms;
  };
  std::uint64_t applied_ms_;
  std::optional<Lead> lead_;
};

}  // namespace conclave::daemon
