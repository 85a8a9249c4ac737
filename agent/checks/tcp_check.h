#pragma once

/// One TCP check run: a connection that comes up is passing, anything else critical (contract 7.3).
/// With TCPUseTLS the TLS handshake has to succeed too.

#include <memory>

#include "agent/rules/alias.h"
#include "api/model/agent_check.h"
#include "base/net/tls_context.h"
#include "base/run/loop.h"

namespace conclave::agent {

/// Errors read as Go's: `dial tcp 127.0.0.1:1: connect: connection refused`. `tls`: see
/// probe_http(). Runs on `loop`, resumes there.
Task<CheckResult> probe_tcp(Loop& loop, std::shared_ptr<const api::CheckDefinition> check,
                            std::shared_ptr<TlsContext> tls);

}  // namespace conclave::agent
