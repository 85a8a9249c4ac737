#include "agent/checks/tcp_check.h"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/basic_resolver.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <utility>
#include <vector>

#include "agent/rules/address.h"
#include "base/core/text.h"
#include "base/run/sleep.h"

namespace conclave::agent {

namespace {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;
using Socket = asio::basic_stream_socket<Tcp, Executor>;
using Resolver = asio::ip::basic_resolver<Tcp, Executor>;

constexpr Nanos timeout_default = std::chrono::seconds(10);

/// Everything one attempt has under way; the timer ends it by closing what is open.
struct Attempt {
  explicit Attempt(Loop& loop)
      : socket(loop.executor()), resolver(loop.executor()), timer(loop.context()) {}
  Socket socket;
  Resolver resolver;
  Timer timer;
  bool timed_out = false;
};

void limit(const std::shared_ptr<Attempt>& attempt, Nanos timeout) {
  attempt->timer.expires_after(timeout);
  attempt->timer.async_wait([attempt](const boost::system::error_code& error) {
    if (error) return;
    attempt->timed_out = true;
    attempt->resolver.cancel();
    boost::system::error_code ignored;
    attempt->socket.close(ignored);
  });
}

std::string endpoint_text(const Tcp::endpoint& endpoint) {
  const std::string address = endpoint.address().to_string();
  const std::string port = ":" + std::to_string(endpoint.port());
  return endpoint.address().is_v6() ? "[" + address + "]" + port : address + port;
}

CheckResult critical(std::string output) { return {CheckStatus::critical, std::move(output)}; }

Task<std::vector<Tcp::endpoint>> endpoints_of(std::shared_ptr<Attempt> attempt, HostPort target) {
  std::vector<Tcp::endpoint> endpoints;
  boost::system::error_code not_numeric;
  const asio::ip::address address = asio::ip::make_address(target.host, not_numeric);
  if (!not_numeric) {
    endpoints.emplace_back(address, target.port);
    co_return endpoints;
  }
  const std::string service = std::to_string(target.port);
  auto [error, found] = co_await attempt->resolver.async_resolve(target.host, service, as_result);
  if (!error) {
    for (const auto& entry : found) endpoints.push_back(entry.endpoint());
  }
  co_return endpoints;
}

Task<CheckResult> connect(std::shared_ptr<Attempt> attempt, HostPort target, std::string text) {
  const std::vector<Tcp::endpoint> endpoints = co_await endpoints_of(attempt, target);
  if (attempt->timed_out) co_return critical("dial tcp: lookup " + target.host + ": i/o timeout");
  if (endpoints.empty()) co_return critical("dial tcp: lookup " + target.host + ": no such host");
  std::string failure;
  for (const Tcp::endpoint& endpoint : endpoints) {
    boost::system::error_code ignored;
    attempt->socket.close(ignored);
    auto [error] = co_await attempt->socket.async_connect(endpoint, as_result);
    if (!error) co_return CheckResult{CheckStatus::passing, "TCP connect " + text + ": Success"};
    const std::string dial = "dial tcp " + endpoint_text(endpoint) + ": ";
    if (attempt->timed_out) co_return critical(dial + "i/o timeout");
    // Like Go, the first failure is the one that is told.
    if (failure.empty()) failure = dial + "connect: " + to_lower_ascii(error.message());
  }
  co_return critical(failure);
}

}  // namespace

Task<CheckResult> probe_tcp(Loop& loop, api::CheckDefinition check) {
  const std::optional<HostPort> target = split_host_port(check.tcp);
  if (!target) co_return critical("dial tcp: address " + check.tcp + ": missing port in address");
  auto attempt = std::make_shared<Attempt>(loop);
  limit(attempt, check.timeout > Nanos::zero() ? check.timeout : timeout_default);
  CheckResult result = co_await connect(attempt, *target, check.tcp);
  attempt->timer.cancel();
  co_return result;
}

}  // namespace conclave::agent
