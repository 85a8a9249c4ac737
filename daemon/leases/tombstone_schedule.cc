#include "daemon/leases/tombstone_schedule.h"

namespace conclave::daemon {

void TombstoneSchedule::removed(std::uint64_t revision, Nanos now) {
  if (granules_.empty() || granules_.back().end < now) {
    granules_.push_back({.end = now + granularity});
  }
  granules_.back().revision = revision;
}

std::optional<std::uint64_t> TombstoneSchedule::take_due(Nanos now) {
  std::optional<std::uint64_t> due;
  while (!granules_.empty() && granules_.front().end + ttl <= now) {
    due = granules_.front().revision;
    granules_.pop_front();
  }
  return due;
}

}  // namespace conclave::daemon
