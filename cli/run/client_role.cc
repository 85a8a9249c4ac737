// An agent that talks to servers: the link, and one front on main that forwards.

#include <utility>

#include "agent/http/forward.h"
#include "agent/link/shared_queries.h"
#include "agent/link/views.h"
#include "api/http/server.h"
#include "base/core/assert.h"
#include "cli/run/agent_part.h"
#include "cli/run/client_part.h"
#include "cli/run/role.h"

namespace conclave::cli {
namespace {

class ClientRole final : public Role {
 public:
  ClientRole(RoleParts parts, agent::ServerList servers,
             std::shared_ptr<api::ClusterKeyring> keyring);

  ClusterSide& cluster() override { return client_; }
  api::Upstream& upstream() override { return client_.link(); }
  void connect(AgentPart& agent) override;
  Result<void> start() override { return client_.start(); }
  std::size_t fronts() const override { return 1; }
  void serve(std::vector<std::vector<int>> sockets) override;
  void reconfigure(const AgentConfig& config) override;
  Task<void> stop_fronts(Nanos grace) override { return server_.stop(grace); }
  void stop() override {
    views_.stop();
    client_.stop();
  }
  void join() override {}
  void close() override {}

 private:
  Loop& main_;
  ClientPart client_;
  agent::SharedQueries queries_;
  agent::Views views_;
  agent::ForwardContext forwarding_;
  api::Router router_;
  api::HttpServer server_;
};

ClientRole::ClientRole(RoleParts parts, agent::ServerList servers,
                       std::shared_ptr<api::ClusterKeyring> keyring)
    : main_(parts.main),
      client_(parts.config, parts.identity, std::move(parts.ports), parts.main, parts.clock,
              parts.metrics, std::move(servers), std::move(keyring), parts.give_up),
      queries_(parts.main, client_.link(), parts.metrics),
      views_(parts.main, parts.clock, client_.link(), {}, parts.metrics),
      forwarding_{client_.link(),
                  queries_,
                  views_,
                  static_cast<std::uint64_t>(parts.config.kv_max_value_size),
                  static_cast<std::uint64_t>(parts.config.txn_max_req_len),
                  parts.config.discovery_max_stale},
      router_(std::move(parts.routes)),
      server_(parts.main, http_limits(parts.config), router_, parts.metrics) {
  agent::add_forward_routes(router_, forwarding_);
}

void ClientRole::connect(AgentPart& agent) {
  agent.add_routes(router_);
  client_.link().on_reached([at = &agent] { at->sync_soon(); });
}

void ClientRole::serve(std::vector<std::vector<int>> sockets) {
  for (const int socket : sockets.front()) server_.serve(socket);
}

void ClientRole::reconfigure(const AgentConfig& config) {
  const auto options = router_options(config);
  CONCLAVE_ASSERT_WHY(options.has_value(), "they were looked at before");
  main_.post([this, options = *options, limits = http_limits(config)] {
    router_.reconfigure(options);
    server_.limit_connections_per_client(limits.connections_per_client_max);
  });
}

}  // namespace

Result<std::unique_ptr<Role>> make_client_role(RoleParts parts) {
  const std::string directory = parts.identity.data_dir + "/agent";
  CONCLAVE_TRY(make_directories(directory));
  agent::ServerList servers(directory + "/servers");
  CONCLAVE_TRY(servers.load());
  CONCLAVE_TRY_ASSIGN(auto keyring,
                      api::ClusterKeyring::open(parts.config.encrypt, keyring_path(parts.config)));
  return std::make_unique<ClientRole>(std::move(parts), std::move(servers), std::move(keyring));
}

}  // namespace conclave::cli
