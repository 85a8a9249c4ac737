#pragma once

/// Questions over UDP: taken and answered in batches, several with one system call, as long as
/// answers are at hand. Loop thread only.

#include <cstdint>
#include <memory>

#include "agent/dns/options.h"
#include "agent/dns/resolver.h"
#include "base/core/result.h"
#include "base/run/loop.h"
#include "base/run/metrics.h"

namespace conclave::dns {

/// How many questions wait for others, over both transports.
struct Pending {
  std::uint32_t count = 0;
  std::uint32_t most = 0;
};

class UdpService {
 public:
  /// All outlive this object and its tasks.
  UdpService(Loop& loop, Resolver& resolver, Pending& pending, Metrics& metrics);
  ~UdpService();
  UdpService(const UdpService&) = delete;
  UdpService& operator=(const UdpService&) = delete;

  /// A bound datagram socket, which is the service's from now on.
  void serve(int descriptor);
  void stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// Errors name the address and what to do.
Result<int> bind_udp(const std::string& ip, std::uint16_t port);

}  // namespace conclave::dns
