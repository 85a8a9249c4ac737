#include "cli/run/dns_part.h"

#include <utility>

#include "base/net/listener.h"
#include "base/run/loop_thread.h"
#include "base/run/random.h"
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

DnsPart::DnsPart(const AgentConfig& config, DnsSockets sockets, Loop& main, daemon::Store& store,
                 daemon::Replica& replica, const Clock& clock, Metrics& metrics)
    : sockets_(std::move(sockets)),
      reader_(store.make_reader()),
      directory_(main, loop_, clock, replica, *reader_, config.node_name, Rng(random_u64())),
      server_(loop_, clock, directory_, config.dns, {}, metrics) {}

DnsPart::~DnsPart() { join(); }

void DnsPart::publish(const std::shared_ptr<const daemon::ChangeSet>& changes) {
  if (!sockets_.udp.empty()) directory_.publish(changes);
}

void DnsPart::start() {
  if (sockets_.udp.empty()) return;
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
  if (sockets_.udp.empty()) return;
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
