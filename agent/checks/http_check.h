#pragma once

/// One HTTP check run: 2xx passing, 429 warning, anything else and every error critical
/// (contract 7.3). http:// and https://. Clouds' metadata services are out of reach
/// (a check is a request that whoever registers it has us make).

#include <cstdint>
#include <memory>

#include "agent/rules/alias.h"
#include "api/model/agent_check.h"
#include "base/net/tls_context.h"
#include "base/run/loop.h"

namespace conclave::agent {

/// `output_max`: bytes of the response's body that are kept. `tls`: for https, shared by all checks
/// of a kind; what the certificate has to be for is the check's TLSServerName, else the URL's host.
/// `same_host`: redirects to other hosts are errors. Runs on `loop`, resumes there.
Task<CheckResult> probe_http(Loop& loop, std::shared_ptr<const api::CheckDefinition> check,
                             std::uint64_t output_max, std::shared_ptr<TlsContext> tls,
                             bool same_host = false);

}  // namespace conclave::agent
