#pragma once

/// One script check run: exit code 0 passing, 1 warning, others critical; the output is the tail of
/// standard output and error (contract 7.3).

#include <cstdint>

#include "agent/rules/alias.h"
#include "api/model/agent_check.h"
#include "base/run/loop.h"

namespace conclave::agent {

/// After the timeout (30 s by default) the script's whole process group is killed. No shell stands
/// between. Runs on `loop`, resumes there.
Task<CheckResult> probe_script(Loop& loop, api::CheckDefinition check, std::uint64_t output_max);

}  // namespace conclave::agent
