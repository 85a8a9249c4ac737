#pragma once

/// One HTTP check run: 2xx passing, 429 warning, anything else and every error critical
/// (contract 7.3). http:// only.

#include <cstdint>

#include "agent/rules/alias.h"
#include "api/model/agent_check.h"
#include "base/run/loop.h"

namespace conclave::agent {

/// `output_max`: bytes of the response's body that are kept. Runs on `loop`, resumes there.
Task<CheckResult> probe_http(Loop& loop, api::CheckDefinition check, std::uint64_t output_max);

}  // namespace conclave::agent
