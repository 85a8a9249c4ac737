#pragma once

/// Questions over TCP (RFC 7766): many on one connection, one after the other, each with its length
/// before it. Loop thread only.

#include <memory>

#include "agent/dns/options.h"
#include "agent/dns/resolver.h"
#include "agent/dns/udp_service.h"
#include "base/run/loop.h"
#include "base/run/metrics.h"

namespace conclave::dns {

class TcpService {
 public:
  /// All outlive this object and its tasks.
  TcpService(Loop& loop, Resolver& resolver, Pending& pending, DnsLimits limits, Metrics& metrics);
  ~TcpService();
  TcpService(const TcpService&) = delete;
  TcpService& operator=(const TcpService&) = delete;

  /// A listening socket, which is the service's from now on.
  void serve(int descriptor);
  /// Accepts no more, and closes what is open.
  void stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace conclave::dns
