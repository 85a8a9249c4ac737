#pragma once

/// One H2PING check run: an HTTP/2 connection whose PING is acknowledged is passing, anything else
/// critical (contract 7.3). Through TLS unless H2PingUseTLS is false.

#include <memory>

#include "agent/rules/alias.h"
#include "api/model/agent_check.h"
#include "base/net/tls_context.h"
#include "base/run/loop.h"

namespace conclave::agent {

/// True when the check speaks TLS: unless told not to, it does.
bool h2ping_uses_tls(const api::CheckDefinition& check);

/// `tls`: one that offers "h2"; see probe_http(). Runs on `loop`, resumes there.
Task<CheckResult> probe_h2ping(Loop& loop, api::CheckDefinition check,
                               std::shared_ptr<TlsContext> tls);

}  // namespace conclave::agent
