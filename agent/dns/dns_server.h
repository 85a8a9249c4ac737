#pragma once

/// DNS of this process: questions over UDP and TCP, answered from views of a directory, other
/// domains passed on to recursors. Built and destroyed while its loop does not run; everything else
/// on that loop.

#include <vector>

#include "agent/dns/directory.h"
#include "agent/dns/options.h"
#include "agent/dns/recursor.h"
#include "agent/dns/resolver.h"
#include "agent/dns/tcp_service.h"
#include "agent/dns/udp_service.h"
#include "agent/dns/views.h"
#include "base/run/clock.h"
#include "base/run/loop.h"
#include "base/run/metrics.h"

namespace conclave::dns {

class DnsServer {
 public:
  /// All outlive this object; `options` name a domain.
  DnsServer(Loop& loop, const Clock& clock, Directory& directory, DnsOptions options,
            DnsLimits limits, ViewLimits views, Metrics& metrics);

  /// Bound and listening sockets, which are the server's from now on.
  void start(const std::vector<int>& udp, const std::vector<int>& tcp);
  void reconfigure(DnsOptions options);
  void stop();

 private:
  Task<void> sweep();

  Loop& loop_;
  bool stopping_ = false;
  Views views_;
  Recursor recursor_;
  Resolver resolver_;
  Pending pending_;
  UdpService udp_;
  TcpService tcp_;
};

}  // namespace conclave::dns
