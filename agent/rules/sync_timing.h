#pragma once

/// When anti-entropy runs, and checks. Randomness is drawn by the caller: `random` is 64 uniform
/// bits.

#include <cstddef>
#include <cstdint>

#include "base/core/duration.h"

namespace conclave::agent {

/// 1 up to 128 nodes, then 1 + ceil(log2(nodes) - log2(128)): the catalog's load stays bounded
/// while the cluster grows (contract 6.5).
std::int64_t sync_scale(std::size_t nodes);

/// The time until the next full sync: interval * scale, an eighth more or less at random, so that
/// agents that started together part.
Nanos full_sync_delay(Nanos interval, std::size_t nodes, std::uint64_t random);

/// From when a server is reached again until the full sync of an agent that had told everything: up
/// to 3 s * scale at random, because when a server restarts, a third of all agents come at once.
Nanos reached_delay(std::size_t nodes, std::uint64_t random);

/// After the nth failure in a row (n from 1): 1 s doubled up to 15 s, the upper half of it at
/// random.
Nanos retry_delay(std::uint32_t failures, std::uint64_t random);

/// How long an output-only change waits: from half to one and a half times check_update_interval.
Nanos output_delay(Nanos check_update_interval, std::uint64_t random);

/// Uniform in [0, interval): the first run of a check (contract 7.3).
Nanos initial_delay(Nanos interval, std::uint64_t random);

/// Checks that are due within so long of each other run together, because waking up for each, and
/// waking its target, costs more than the run: 50 ms, of short intervals a twentieth.
Nanos check_slot(Nanos interval);

/// When a check runs that is to run `delay` after `now`: at the nearest whole multiple of `slot`
/// (above 0) that is still to come. So a run that takes less than half a slot does not put off the
/// next one, and those of one slot stay together.
Nanos run_time(Nanos now, Nanos delay, Nanos slot);

}  // namespace conclave::agent
