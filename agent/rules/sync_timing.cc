#include "agent/rules/sync_timing.h"

#include <algorithm>

namespace conclave::agent {

namespace {

constexpr std::size_t unscaled_nodes = 128;
constexpr Nanos reached_max = std::chrono::seconds(3);
constexpr Nanos retry_min = std::chrono::seconds(1);
constexpr Nanos retry_max = std::chrono::seconds(15);
constexpr Nanos check_slot_max = std::chrono::milliseconds(50);
constexpr std::int64_t check_slots_min = 20;

Nanos uniform_below(Nanos bound, std::uint64_t random) {
  if (bound <= Nanos::zero()) return Nanos::zero();
  return Nanos(static_cast<std::int64_t>(random % static_cast<std::uint64_t>(bound.count())));
}

}  // namespace

std::int64_t sync_scale(std::size_t nodes) {
  std::int64_t scale = 1;
  for (std::size_t reached = unscaled_nodes; reached < nodes; reached *= 2) scale += 1;
  return scale;
}

Nanos full_sync_delay(Nanos interval, std::size_t nodes, std::uint64_t random) {
  const Nanos scaled = interval * sync_scale(nodes);
  return scaled - scaled / 8 + uniform_below(scaled / 4, random);
}

Nanos reached_delay(std::size_t nodes, std::uint64_t random) {
  return uniform_below(reached_max * sync_scale(nodes), random);
}

Nanos retry_delay(std::uint32_t failures, std::uint64_t random) {
  const std::uint32_t doublings = std::min<std::uint32_t>(failures > 0 ? failures - 1 : 0, 4);
  const Nanos whole = std::min(retry_max, retry_min * (1 << doublings));
  return whole / 2 + uniform_below(whole / 2, random);
}

Nanos output_delay(Nanos check_update_interval, std::uint64_t random) {
  return check_update_interval / 2 + uniform_below(check_update_interval, random);
}

Nanos initial_delay(Nanos interval, std::uint64_t random) {
  return uniform_below(interval, random);
}

Nanos check_slot(Nanos interval) {
  return std::clamp(interval / check_slots_min, Nanos(1), check_slot_max);
}

Nanos run_time(Nanos now, Nanos delay, Nanos slot) {
  const Nanos due = now + delay + slot / 2;
  const Nanos at = due - due % slot;
  return at > now ? at : now - now % slot + slot;
}

}  // namespace conclave::agent
