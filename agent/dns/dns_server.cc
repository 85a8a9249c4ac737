#include "agent/dns/dns_server.h"

#include <utility>

#include "base/run/random.h"
#include "base/run/sleep.h"

namespace conclave::dns {
namespace {

constexpr Nanos sweep_period = std::chrono::seconds(30);

}  // namespace

DnsServer::DnsServer(Loop& loop, const Clock& clock, Directory& directory, DnsOptions options,
                     DnsLimits limits, ViewLimits views, Metrics& metrics)
    : loop_(loop),
      views_(loop, clock, directory, views, metrics),
      recursor_(loop, metrics),
      resolver_(clock, views_, recursor_, std::move(options), metrics, Rng(random_u64())),
      pending_{.most = limits.pending_max},
      udp_(loop, resolver_, pending_, metrics),
      tcp_(loop, resolver_, pending_, limits, metrics) {}

void DnsServer::start(const std::vector<int>& udp, const std::vector<int>& tcp) {
  for (const int socket : udp) udp_.serve(socket);
  for (const int socket : tcp) tcp_.serve(socket);
  loop_.spawn("dns views", sweep());
}

void DnsServer::reconfigure(DnsOptions options) { resolver_.set_options(std::move(options)); }

void DnsServer::stop() {
  stopping_ = true;
  udp_.stop();
  tcp_.stop();
}

Task<void> DnsServer::sweep() {
  while (!stopping_) {
    co_await sleep_for(loop_, sweep_period);
    views_.sweep();
  }
}

}  // namespace conclave::dns
