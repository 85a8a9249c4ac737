#include "cli/run/dns_part.h"

#include <utility>

#include "base/net/listener.h"
#include "base/run/loop_thread.h"
#include "base/run/run_on.h"

namespace conclave::cli {

Result<DnsSockets> DnsSockets::open(const AgentConfig& config) {
  DnsSockets sockets;
  if (config.ports.dns <= 0) return sockets;
  const auto port = static_cast<std::uint16_t>(config.ports.dns);
  for (const std::string& address : config.dns_addresses) {
    // In client_addr, for HTTP.
    if (address.starts_with("unix://")) continue;
    CONCLAVE_TRY_ASSIGN(const int udp, dns::bind_udp(address, port));
    sockets.udp.emplace_back(udp);
    CONCLAVE_TRY_ASSIGN(const int tcp, listen_on(address, port, "ports.dns"));
    sockets.tcp.emplace_back(tcp);
  }
  return sockets;
}

DnsPart::DnsPart(const AgentConfig& config, DnsSockets sockets, Loop& loop,
                 dns::Directory& directory, dns::ViewLimits views, const Clock& clock,
                 Metrics& metrics)
    : loop_(loop),
      sockets_(std::move(sockets)),
      is_on_(!sockets_.udp.empty()),
      server_(loop, clock, directory, config.dns, {}, views, metrics) {}

DnsPart::~DnsPart() { join(); }

std::vector<Loop*> DnsPart::loops() {
  if (!is_on_) return {};
  return {&loop_};
}

void DnsPart::start() {
  if (!is_on_) return;
  loop_.post([this] {
    std::vector<int> udp;
    for (Descriptor& socket : sockets_.udp) udp.push_back(socket.release());
    std::vector<int> tcp;
    for (Descriptor& socket : sockets_.tcp) tcp.push_back(socket.release());
    server_.start(udp, tcp);
  });
  thread_ = run_on_own_thread(loop_);
}

void DnsPart::reconfigure(const dns::DnsOptions& options) {
  if (!is_on_) return;
  loop_.post([this, options] { server_.reconfigure(options); });
}

Task<void> DnsPart::stop() {
  if (thread_.joinable()) co_await run_on(loop_, stop_on_loop());
}

Task<void> DnsPart::stop_on_loop() {
  server_.stop();
  co_return;
}

void DnsPart::join() {
  if (!thread_.joinable()) return;
  loop_.stop();
  thread_.join();
}

}  // namespace conclave::cli
