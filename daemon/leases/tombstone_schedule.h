#pragma once

/// When tombstones may be forgotten: 15 minutes after the deletion, in steps of 30 seconds
/// (contract 2.3). The leader remembers at what time which revisions were written; times are boot
/// clock. No clock and no I/O of its own.

#include <cstdint>
#include <deque>
#include <optional>

#include "base/core/duration.h"

namespace conclave::daemon {

class TombstoneSchedule {
 public:
  static constexpr Nanos ttl = std::chrono::minutes(15);
  static constexpr Nanos granularity = std::chrono::seconds(30);

  /// Keys were removed at a revision not above `revision`.
  void removed(std::uint64_t revision, Nanos now);
  /// The revision through which tombstones are old enough, once; nullopt = none since the last.
  std::optional<std::uint64_t> take_due(Nanos now);
  void clear() { granules_.clear(); }

 private:
  struct Granule {
    Nanos end{};  ///< No removal of this granule was later.
    std::uint64_t revision = 0;
  };
  std::deque<Granule> granules_;
};

}  // namespace conclave::daemon
