#pragma once

/// The life of `conclave agent`: builds the parts in order, serves until a signal or a leave, takes
/// them down in reverse.

#include <functional>
#include <iosfwd>

#include "base/core/result.h"
#include "cli/config/agent_config.h"

namespace conclave::cli {

/// Runs until the end of the agent; its exit code (contract 16.4: 0 after a graceful leave, 1
/// otherwise), or the one sentence that says why it could not start. `load` reads the configuration
/// again, for a reload. Main thread.
Result<int> run_agent_process(AgentConfig config, std::function<Result<AgentConfig>()> load,
                              std::ostream& out);

}  // namespace conclave::cli
