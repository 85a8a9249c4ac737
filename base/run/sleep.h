#pragma once

/// Waiting for time to pass, and the timer type of our loops.

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/wait_traits.hpp>
#include <chrono>

#include "base/core/duration.h"
#include "base/run/loop.h"

namespace conclave {

using Timer = boost::asio::basic_waitable_timer<
    std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>, Executor>;

/// Returns after `duration`, on `loop`; at once for zero and less. The monotonic clock is for
/// waiting only: what decides (leases, deadlines) reads Clock::boot_now() after waking.
Task<void> sleep_for(Loop& loop, Nanos duration);

/// Lets everything run that is ready now, then goes on: for long work that must not hold the loop.
Task<void> yield_turn(Loop& loop);

}  // namespace conclave
