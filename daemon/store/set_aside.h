#pragma once

/// Moving a log and a state out of the way, for good or until somebody looks at them: nothing that
/// may be the last copy of something is ever deleted. Blocking; nobody has them open.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/result.h"

namespace conclave::daemon {

/// The state first: a crash in between leaves the log without it, which no start goes on with.
inline const std::vector<std::string> log_and_state{"state", "raft"};

/// Moves these parts of the data directory, as far as they are there, into
/// <data_dir>/<name>-<UTC time>, durably, and says so in the log; the directory they are in now.
Result<std::string> set_aside(const std::string& data_dir, std::string_view name,
                              std::int64_t unix_seconds,
                              const std::vector<std::string>& parts = log_and_state);

}  // namespace conclave::daemon
