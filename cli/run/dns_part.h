#pragma once

/// DNS of a server: the sockets, and a loop and thread of its own, so that a storm of questions
/// holds up neither the quorum nor HTTP. Built before the threads start and destroyed after they
/// ended.

#include <memory>
#include <thread>
#include <vector>

#include "agent/dns/dns_server.h"
#include "base/core/result.h"
#include "base/run/clock.h"
#include "base/run/file.h"
#include "base/run/loop.h"
#include "base/run/metrics.h"
#include "cli/config/agent_config.h"
#include "daemon/dns/store_directory.h"
#include "daemon/replica/replica.h"
#include "daemon/state/change_set.h"
#include "daemon/store/store.h"

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
  /// All references outlive this object; the store's reader becomes main's.
  DnsPart(const AgentConfig& config, DnsSockets sockets, Loop& main, daemon::Store& store,
          daemon::Replica& replica, const Clock& clock, Metrics& metrics);
  ~DnsPart();

  /// Called on main after each committed batch.
  void publish(const std::shared_ptr<const daemon::ChangeSet>& changes);
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

  Loop loop_{"dns"};
  DnsSockets sockets_;
  const std::unique_ptr<daemon::Reader> reader_;
  daemon::StoreDirectory directory_;
  dns::DnsServer server_;
  std::thread thread_;
};

}  // namespace conclave::cli
