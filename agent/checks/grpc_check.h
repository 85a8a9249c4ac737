#pragma once

/// One gRPC check run: grpc.health.v1.Health/Check of a server, or of one of its services, that
/// answers SERVING is passing, anything else critical (contract 7.3). Through TLS with GRPCUseTLS.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "agent/checks/http2_client.h"
#include "agent/rules/alias.h"
#include "api/model/agent_check.h"
#include "base/net/tls_context.h"
#include "base/run/loop.h"

namespace conclave::agent {

/// The check's target is host:port or host:port/service. `output_max`: bytes that are kept of what
/// the server says. `tls`: one that offers "h2"; see probe_http(). Runs on `loop`, resumes there.
Task<CheckResult> probe_grpc(Loop& loop, api::CheckDefinition check, std::uint64_t output_max,
                             std::shared_ptr<TlsContext> tls);

/// gRPC's frame around HealthCheckRequest{service}.
std::string health_request(std::string_view service);

/// Whether the answer says SERVING; otherwise the error in the words of Go's gRPC: `rpc error: code
/// = NotFound desc = unknown service web`.
Result<void> judge_health(const Http2Response& response);

}  // namespace conclave::agent
