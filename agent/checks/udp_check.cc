#include "agent/checks/udp_check.h"

#include <fmt/format.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/basic_resolver.hpp>
#include <boost/asio/ip/udp.hpp>
#include <memory>
#include <optional>
#include <utility>

#include "agent/rules/address.h"
#include "base/net/tls_error.h"
#include "base/run/clock.h"
#include "base/run/waiter.h"

namespace conclave::agent {

namespace asio = boost::asio;
using Udp = asio::ip::udp;

namespace {

constexpr Nanos timeout_default = std::chrono::seconds(10);

CheckResult critical(std::string output) { return {CheckStatus::critical, std::move(output)}; }

/// Shared, because a name lookup cannot be interrupted and may outlive the run that asked.
struct Exchange : std::enable_shared_from_this<Exchange> {
  Exchange(Loop& loop, Nanos until)
      : deadline(until),
        socket(loop.executor()),
        timer(loop.executor()),
        resolver(loop.executor()),
        resolved(loop) {}

  Nanos left() const { return deadline - system_clock().boot_now(); }

  void look_up(const HostPort& target) {
    resolver.async_resolve(target.host, std::to_string(target.port),
                           [self = shared_from_this()](boost::system::error_code error,
                                                       const Udp::resolver::results_type& found) {
                             self->looking_up = false;
                             if (!error && !found.empty()) self->to = found.begin()->endpoint();
                             self->resolved.notify_all();
                           });
  }

  void arm() {
    timer.expires_after(left());
    timer.async_wait([weak = weak_from_this()](boost::system::error_code error) {
      const auto self = weak.lock();
      if (!self || error) return;
      self->timed_out = true;
      self->socket.cancel(error);
    });
  }

  const Nanos deadline;
  asio::basic_datagram_socket<Udp, Executor> socket;
  Timer timer;
  asio::ip::basic_resolver<Udp, Executor> resolver;
  Waiter resolved;
  std::optional<Udp::endpoint> to;
  bool looking_up = true;
  bool timed_out = false;
};

}  // namespace

Task<CheckResult> probe_udp(Loop& loop, api::CheckDefinition check) {
  const std::optional<HostPort> target = split_host_port(check.udp);
  if (!target) co_return critical("dial udp: address " + check.udp + ": missing port in address");
  const Nanos timeout = check.timeout > Nanos::zero() ? check.timeout : timeout_default;
  const auto exchange = std::make_shared<Exchange>(loop, system_clock().boot_now() + timeout);
  exchange->look_up(*target);
  while (exchange->looking_up && exchange->left() > Nanos::zero()) {
    co_await exchange->resolved.wait_for(exchange->left());
  }
  if (!exchange->to) {
    co_return critical(fmt::format("dial udp: lookup {}: {}", target->host,
                                   exchange->looking_up ? "i/o timeout" : "no such host"));
  }
  boost::system::error_code error;
  exchange->socket.connect(*exchange->to, error);
  if (!error) exchange->socket.send(asio::const_buffer(), 0, error);
  if (error) {
    co_return critical(
        fmt::format("dial udp {}: connect: {}", check.udp, system_error(error.value())));
  }
  exchange->arm();
  std::array<char, 1> answer{};
  const auto [failure, size] =
      co_await exchange->socket.async_receive(asio::buffer(answer), as_result);
  exchange->timer.cancel();
  if (failure && !exchange->timed_out) {
    co_return critical(
        fmt::format("read udp {}: read: {}", check.udp, system_error(failure.value())));
  }
  co_return CheckResult{CheckStatus::passing, "UDP connect " + check.udp + ": Success"};
}

}  // namespace conclave::agent
