#pragma once

/// An agent's half that talks to servers: the port for other nodes, calls, the list of servers, the
/// link, and being a member. Main thread, built before main runs and destroyed after it ended.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/link/link.h"
#include "agent/link/server_list.h"
#include "api/rpc/cluster_keyring.h"
#include "api/rpc/rpc_client.h"
#include "api/rpc/rpc_server.h"
#include "base/core/result.h"
#include "base/net/listener.h"
#include "base/run/clock.h"
#include "base/run/loop.h"
#include "base/run/metrics.h"
#include "cli/config/agent_config.h"
#include "cli/run/cluster_ports.h"
#include "cli/run/cluster_side.h"
#include "cli/run/options.h"
#include "daemon/members/agent_membership.h"

namespace conclave::cli {

class ClientPart final : public ClusterSide, private agent::ServerCalls {
 public:
  ClientPart(const AgentConfig& config, const Identity& identity, ClusterPorts ports, Loop& main,
             const Clock& clock, Metrics& metrics, agent::ServerList servers,
             std::shared_ptr<api::ClusterKeyring> keyring,
             std::function<void(const std::string&)> give_up);

  Result<void> start();
  void stop();
  agent::Link& link() { return link_; }

  // ClusterSide
  Task<std::vector<api::Member>> members() override;
  std::size_t count_members() override;
  agent::ServerStats stats() override;
  Task<Result<void>> join(std::string address) override;
  Task<Result<void>> leave() override;
  Task<Result<void>> force_leave(std::string name, bool prune) override;

 private:
  // agent::ServerCalls
  Task<Result<void>> greet(std::string address) override;
  Task<Result<Standing>> renew(std::string address) override;
  Task<Result<void>> present(std::string address) override;

  api::RpcIdentity rpc_identity() const;
  void met(const api::RpcIdentity& other);
  void accept(std::shared_ptr<FramedStream> stream, const Hello& hello);
  Task<Result<void>> leave_by(Nanos deadline);
  std::shared_ptr<TlsKeyring> keys() const { return keyring_ ? keyring_->tls() : nullptr; }
  Task<void> keep_keys();

  const AgentConfig config_;
  const Identity identity_;
  Loop& main_;
  const Clock& clock_;
  ClusterPorts ports_;
  const std::shared_ptr<api::ClusterKeyring> keyring_;  ///< nullptr: no encryption.
  agent::ServerList servers_;
  api::RpcClient rpc_client_;
  api::RpcServer rpc_server_;
  daemon::AgentMembership membership_;
  agent::Link link_;
  Listener listener_;
  bool stopped_ = false;
  std::vector<api::Member> seen_;  ///< The member table when it was read last.
};

/// The node as it presents itself to others.
daemon::NodeCard node_card(const AgentConfig& config, const Identity& identity);
/// Of the file with the cluster's keys; "" = none is kept.
std::string keyring_path(const AgentConfig& config);

}  // namespace conclave::cli
