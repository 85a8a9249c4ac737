#pragma once

/// `watch`: shows something of the cluster once, or runs a command each time it changes (contract
/// 17).

#include <cstdint>

#include "base/core/duration.h"
#include "cli/commands/command.h"

namespace conclave::cli {

int run_watch(Terminal& terminal, const Arguments& arguments);

/// The index to wait on next. One that went back is that of another history (a restored or newly
/// made cluster): begins anew with 0, which does not wait (contract 2.2).
std::uint64_t next_watch_index(std::uint64_t previous, std::uint64_t answered);

/// Between an error and the next attempt, after so many in a row.
Nanos watch_retry_pause(std::uint64_t failures);

}  // namespace conclave::cli
