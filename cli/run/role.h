#pragma once

/// What differs between a server and an agent that talks to servers: the half behind the agent, and
/// the fronts that answer HTTP. Main thread; built before main runs, destroyed after it ended.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/rest/router.h"
#include "api/rpc/upstream.h"
#include "base/core/result.h"
#include "base/run/clock.h"
#include "base/run/loop.h"
#include "base/run/metrics.h"
#include "cli/config/agent_config.h"
#include "cli/run/cluster_ports.h"
#include "cli/run/cluster_side.h"
#include "cli/run/dns_part.h"
#include "cli/run/options.h"

namespace conclave::cli {

class AgentPart;

class Role {
 public:
  virtual ~Role() = default;
  virtual ClusterSide& cluster() = 0;
  /// Answers the agent's requests, on any loop.
  virtual api::Upstream& upstream() = 0;
  /// Adds the agent's routes, and tells it when servers can be reached. Before start().
  virtual void connect(AgentPart& agent) = 0;
  /// Opens the port for other nodes and begins. Errors are for the person who started it.
  virtual Result<void> start() = 0;
  /// How many loops accept HTTP connections.
  virtual std::size_t fronts() const = 0;
  /// The loops besides main, for the watchdog.
  virtual std::vector<Loop*> loops() { return {}; }
  /// Begins to serve the descriptors of each front.
  virtual void serve(std::vector<std::vector<int>> sockets) = 0;
  /// Takes what of a new configuration concerns it. Any loop.
  virtual void reconfigure(const AgentConfig& config) = 0;
  /// No more HTTP and DNS: returns when connections are closed or `grace` is over.
  virtual Task<void> stop_fronts(Nanos grace) = 0;
  /// Everybody who waits gets an answer; nothing is asked of others any more.
  virtual void stop() = 0;
  /// Ends threads. Main, while nobody waits for them.
  virtual void join() = 0;
  /// After main has ended.
  virtual void close() = 0;
};

/// What both kinds are made of.
struct RoleParts {
  const AgentConfig& config;
  const Identity& identity;
  ClusterPorts ports;
  DnsSockets dns_sockets;
  Loop& main;
  const Clock& clock;
  Metrics& metrics;
  api::RouterOptions routes;
  /// The process is to end with that sentence.
  std::function<void(const std::string&)> give_up;
};

Result<std::unique_ptr<Role>> make_server_role(RoleParts parts);
Result<std::unique_ptr<Role>> make_client_role(RoleParts parts);

}  // namespace conclave::cli
