#pragma once

/// DNS of this process: the sockets, and a loop and thread of its own, so that a storm of questions
/// holds up neither the quorum nor HTTP. Built before the threads start and destroyed after they
/// ended.

#include <thread>
#include <vector>

#include "agent/dns/directory.h"
#include "agent/dns/dns_server.h"
#include "base/core/result.h"
#include "base/run/clock.h"
#include "base/run/file.h"
#include "base/run/loop.h"
#include "base/run/metrics.h"
#include "cli/config/agent_config.h"

namespace conclave::cli {

/// The open sockets; none when ports.dns is off.
struct DnsSockets {
  std::vector<Descriptor> udp;
  std::vector<Descriptor> tcp;
  /// Errors name the address and what to do.
  static Result<DnsSockets> open(const AgentConfig& config);
};

class DnsPart {
 public:
  /// All references outlive this object, whose thread runs `loop`.
  DnsPart(const AgentConfig& config, DnsSockets sockets, Loop& loop, dns::Directory& directory,
          dns::ViewLimits views, const Clock& clock, Metrics& metrics);
  ~DnsPart();

  /// Whether there is anything to serve.
  bool is_on() const { return is_on_; }
  /// For the watchdog: none when it is off.
  std::vector<Loop*> loops();
  /// Starts the thread.
  void start();
  /// Takes a new configuration. Any loop.
  void reconfigure(const dns::DnsOptions& options);
  /// Answers no more. Any loop.
  Task<void> stop();
  /// Ends the thread. Main, while nobody waits for it.
  void join();

 private:
  Task<void> stop_on_loop();

  Loop& loop_;
  DnsSockets sockets_;
  const bool is_on_;
  dns::DnsServer server_;
  std::thread thread_;
};

}  // namespace conclave::cli
