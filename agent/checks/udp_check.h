#pragma once

/// One UDP check run: an empty datagram; an answer or silence is passing, an error (nobody listens
/// there) critical (contract 7.3).

#include "agent/rules/alias.h"
#include "api/model/agent_check.h"
#include "base/run/loop.h"

namespace conclave::agent {

/// Silence ends after the timeout (10 s by default). Errors read as Go's: `read udp 127.0.0.1:1:
/// read: connection refused`. Runs on `loop`, resumes there.
Task<CheckResult> probe_udp(Loop& loop, api::CheckDefinition check);

}  // namespace conclave::agent
