#include "agent/checks/h2ping_check.h"

#include <fmt/format.h>

#include <utility>

#include "agent/checks/http2_client.h"
#include "agent/rules/address.h"
#include "base/net/connection.h"
#include "base/run/clock.h"

namespace conclave::agent {

namespace {

constexpr Nanos timeout_default = std::chrono::seconds(10);

CheckResult critical(std::string output) { return {CheckStatus::critical, std::move(output)}; }

std::string why(const Connection& connection, const Error& error) {
  return connection.timed_out() ? "context deadline exceeded" : error.message;
}

}  // namespace

bool h2ping_uses_tls(const api::CheckDefinition& check) {
  return check.h2ping_use_tls.value_or(true);
}

Task<CheckResult> probe_h2ping(Loop& loop, api::CheckDefinition check,
                               std::shared_ptr<TlsContext> tls) {
  const std::optional<HostPort> target = split_host_port(check.h2ping);
  if (!target) {
    co_return critical(
        fmt::format("Failed to dial to {0}: dial tcp: address {0}: missing port in "
                    "address",
                    check.h2ping));
  }
  const Nanos timeout = check.timeout > Nanos::zero() ? check.timeout : timeout_default;
  const auto connection =
      Connection::create(loop, system_clock().boot_now() + timeout, Reach::no_metadata);
  Result<void> done = co_await connection->dial_tcp(target->host, target->port);
  if (!done) {
    co_return critical(fmt::format("Failed to dial to {}: {}", check.h2ping, done.error().message));
  }
  if (h2ping_uses_tls(check)) {
    const std::string& name = check.tls_server_name.empty() ? target->host : check.tls_server_name;
    done = co_await connection->start_tls(std::move(tls), name);
    if (!done) {
      co_return critical(
          fmt::format("Failed to dial to {}: {}", check.h2ping, why(*connection, done.error())));
    }
  }
  Http2Client client(connection);
  done = co_await client.ping();
  if (!done) co_return critical("HTTP2 ping failed: " + why(*connection, done.error()));
  connection->close();
  co_return CheckResult{CheckStatus::passing, "HTTP2 ping was successful"};
}

}  // namespace conclave::agent
