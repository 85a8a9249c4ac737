#pragma once

/// The agent's half: local services and checks, their upkeep in the catalog, and the endpoints
/// under /v1/agent, on a loop and thread of their own. Built before the threads start and destroyed
/// after they ended.

#include <functional>
#include <memory>
#include <thread>

#include "agent/checks/check_runners.h"
#include "agent/http/host.h"
#include "agent/http/routes.h"
#include "agent/link/catalog_client.h"
#include "agent/local/local_state.h"
#include "agent/sync/syncer.h"
#include "api/rest/router.h"
#include "api/rpc/upstream.h"
#include "base/run/clock.h"
#include "base/run/loop.h"
#include "base/run/metrics.h"
#include "cli/config/agent_config.h"
#include "cli/run/cluster_side.h"
#include "cli/run/options.h"
#include "cli/run/watches.h"

namespace conclave::cli {

class AgentPart final : public agent::AgentHost {
 public:
  struct Callbacks {
    /// Reads the configuration again; agent loop.
    std::function<Result<AgentConfig>()> load;
    /// A new configuration is in force; agent loop.
    std::function<void(const AgentConfig&)> reloaded;
    /// The agent has left: the process is to end; agent loop.
    std::function<void()> left;
  };

  /// All references outlive this object. `upstream` answers on any loop.
  AgentPart(const AgentConfig& config, const Identity& identity, Loop& main, ClusterSide& cluster,
            api::Upstream& upstream, const Clock& clock, Metrics& metrics, Callbacks callbacks);
  ~AgentPart() override;

  /// Definitions from files and from the data directory. Before start().
  Result<void> load();
  void add_routes(api::Router& router);
  /// Starts the thread.
  void start();
  /// A leader can be reached: tell the catalog now. Any loop.
  void sync_soon();
  /// Stops checks and upkeep. Any loop.
  Task<void> stop();
  /// Ends the thread. Main, while nobody waits for it.
  void join();

  Loop& loop() { return loop_; }

  // AgentHost, on the agent's loop.
  Task<std::vector<api::Member>> members() override;
  Task<agent::ServerStats> stats() override;
  api::JsonValue debug_config() override;
  Task<Result<void>> reload() override;
  Task<Result<void>> leave() override;
  Task<Result<void>> join(std::string address) override;
  Task<Result<void>> force_leave(std::string node, bool prune) override;

 private:
  agent::SyncOptions sync_options();
  Task<std::size_t> count_members();
  Task<std::size_t> count_on_main();
  Task<agent::ServerStats> stats_on_main();
  Task<void> stop_on_loop();
  agent::AgentHttpOptions http_options() const;

  AgentConfig config_;
  const Identity identity_;
  Loop& main_;
  ClusterSide& cluster_;
  const Callbacks callbacks_;
  Loop loop_{"agent"};
  agent::LocalState local_;
  agent::CatalogClient catalog_;
  agent::CheckRunners checks_;
  agent::Syncer syncer_;
  agent::AgentContext context_;
  Watches watches_;
  std::thread thread_;
};

}  // namespace conclave::cli
