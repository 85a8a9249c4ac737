#include "agent/checks/tcp_check.h"

#include <utility>

#include "agent/rules/address.h"
#include "base/net/connection.h"
#include "base/run/clock.h"

namespace conclave::agent {

namespace {

constexpr Nanos timeout_default = std::chrono::seconds(10);

CheckResult critical(std::string output) { return {CheckStatus::critical, std::move(output)}; }

}  // namespace

Task<CheckResult> probe_tcp(Loop& loop, std::shared_ptr<const api::CheckDefinition> check,
                            std::shared_ptr<TlsContext> tls) {
  const std::optional<HostPort> target = split_host_port(check->tcp);
  if (!target) co_return critical("dial tcp: address " + check->tcp + ": missing port in address");
  const Nanos timeout = check->timeout > Nanos::zero() ? check->timeout : timeout_default;
  const auto connection =
      Connection::create(loop, system_clock().boot_now() + timeout, Reach::no_metadata);
  Result<void> done = co_await connection->dial_tcp(target->host, target->port);
  if (done && check->tcp_use_tls) {
    const std::string& name =
        check->tls_server_name.empty() ? target->host : check->tls_server_name;
    done = co_await connection->start_tls(std::move(tls), name);
    if (connection->timed_out()) co_return critical("context deadline exceeded");
  }
  if (!done) co_return critical(done.error().message);
  connection->close();
  const std::string kind = check->tcp_use_tls ? "TCP+TLS" : "TCP";
  co_return CheckResult{CheckStatus::passing, kind + " connect " + check->tcp + ": Success"};
}

}  // namespace conclave::agent
