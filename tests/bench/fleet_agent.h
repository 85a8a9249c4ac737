#pragma once

/// One agent of a simulated fleet: link, leases, membership, local services and their upkeep in the
/// catalog are the product's own parts, put together as cli/run does; only HTTP, DNS and checks are
/// missing. Its connection is a real one, its periods are the real ones. One loop for all agents.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "agent/link/catalog_client.h"
#include "agent/link/link.h"
#include "agent/link/server_list.h"
#include "agent/local/local_state.h"
#include "agent/sync/syncer.h"
#include "api/rpc/rpc_client.h"
#include "base/run/clock.h"
#include "base/run/loop.h"
#include "base/run/metrics.h"
#include "daemon/members/agent_membership.h"

namespace conclave::bench {

struct FleetPlan {
  std::vector<std::string> servers;  ///< "ip:port" of their RPC.
  std::size_t agents = 5000;
  std::size_t services = 20;   ///< Of each agent, each with one check.
  std::size_t instances = 10;  ///< Of each service, on so many agents.
};

/// The name of an agent's nth service; each has `instances` of them in the whole fleet.
std::string service_name(const FleetPlan& plan, std::size_t agent, std::size_t nth);

class FleetAgent final : private agent::ServerCalls {
 public:
  struct Answer {
    std::uint64_t index = 0;
    std::size_t body_bytes = 0;
  };

  FleetAgent(Loop& loop, Metrics& metrics, const FleetPlan& plan, std::size_t number);
  ~FleetAgent() override { stop(); }
  FleetAgent(const FleetAgent&) = delete;
  FleetAgent& operator=(const FleetAgent&) = delete;

  void start() { link_.start(); }
  void stop();
  /// From now on it renews nothing: to the servers it has died.
  void pause() { link_.pause(); }

  bool is_listed() const { return link_.is_connected() && link_.is_listed(); }
  bool is_connected() const { return link_.is_connected(); }
  const std::string& server() const { return link_.server(); }

  /// Registers its services and begins to tell the catalog.
  void register_services();
  /// What the catalog was not told yet.
  std::size_t unsynced() const;
  /// The check of its first service has this result.
  void set_first_check(agent::CheckStatus status);

  /// One blocking query on that service's health after the other; `told`: of each new answer.
  void watch(const std::string& service, std::function<void(const Answer&)> told);
  std::size_t failed_queries() const { return failed_queries_; }

 private:
  class NoHandlers final : public api::RpcHandlers {
   public:
    void add(api::RpcMethod, api::RpcHandler) override {}
  };

  // agent::ServerCalls, as in cli/run.
  Task<Result<void>> greet(std::string address) override;
  Task<Result<Standing>> renew(std::string address) override;
  Task<Result<void>> present(std::string address) override;

  api::RpcIdentity rpc_identity() const;
  Task<std::size_t> count_members();
  void met(const api::RpcIdentity& other);
  Task<void> keep_watching(std::string target, std::function<void(const Answer&)> told);

  Loop& loop_;
  const FleetPlan& plan_;
  const std::size_t number_;
  const daemon::NodeCard card_;
  NoHandlers handlers_;
  agent::ServerList servers_;
  api::RpcClient rpc_;
  daemon::AgentMembership membership_;
  agent::Link link_;
  agent::LocalState local_;
  agent::CatalogClient catalog_;
  agent::Syncer syncer_;
  std::size_t failed_queries_ = 0;
  bool registered_ = false;
  bool stopped_ = false;
};

}  // namespace conclave::bench
