#pragma once

/// A thread for a loop that others ask whether they are on it.

#include <thread>

#include "base/run/loop.h"

namespace conclave {

/// Runs the loop on a thread of its own, which the caller joins after stop(). Returns once it runs:
/// from here on is_here() is true on that thread only. Before, anybody would take a loop that has a
/// thread already for one that nobody runs, and would touch what is on it beside that thread.
std::thread run_on_own_thread(Loop& loop);

}  // namespace conclave
