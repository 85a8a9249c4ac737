#pragma once

/// Systemd's watchdog (WatchdogSec): it is told that this process is well only while all of its
/// loops turn, so that one that hangs is restarted although it still has its port.

#include <vector>

#include "base/core/duration.h"
#include "base/run/loop.h"

namespace conclave::cli {

/// How long systemd waits for a sign of life; zero when nobody does.
Nanos watchdog_limit();

/// Gives signs of life, four in each `limit`, until `*ending`; returns at once without a limit. A
/// sign is left out when one of `loops` has not turned since the last. Runs on `main`; all outlive
/// it.
Task<void> feed_watchdog(Loop& main, std::vector<Loop*> loops, Nanos limit, const bool* ending);

}  // namespace conclave::cli
