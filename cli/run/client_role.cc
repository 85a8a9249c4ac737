// An agent that talks to servers: the link, one front on main that forwards, and DNS.

#include <utility>

#include "agent/dns/link_directory.h"
#include "agent/http/forward.h"
#include "agent/link/shared_queries.h"
#include "agent/link/views.h"
#include "api/http/server.h"
#include "base/core/assert.h"
#include "base/run/random.h"
#include "cli/run/agent_part.h"
#include "cli/run/client_part.h"
#include "cli/run/dns_part.h"
#include "cli/run/role.h"

namespace conclave::cli {
namespace {

/// Each view of something is a query at a server.
constexpr dns::ViewLimits view_limits{
    .found_max = 1'024, .fleeting_max = 1'024, .found_bytes_max = 32ull << 20};

class ClientRole final : public Role {
 public:
  ClientRole(RoleParts parts, agent::ServerList servers,
             std::shared_ptr<api::ClusterKeyring> keyring);

  ClusterSide& cluster() override { return client_; }
  api::Upstream& upstream() override { return client_.link(); }
  void connect(AgentPart& agent) override;
  Result<void> start() override { return client_.start(); }
  std::size_t fronts() const override { return 1; }
  std::vector<Loop*> loops() override { return dns_.loops(); }
  void serve(std::vector<std::vector<int>> sockets) override;
  void reconfigure(const AgentConfig& config) override;
  Task<void> stop_fronts(Nanos grace) override;
  void stop() override {
    views_.stop();
    dns_directory_.stop();
    client_.stop();
  }
  void join() override { dns_.join(); }
  void close() override {}

 private:
  Loop& main_;
  ClientPart client_;
  agent::SharedQueries queries_;
  agent::Views views_;
  agent::ForwardContext forwarding_;
  api::Router router_;
  api::HttpServer server_;
  Loop dns_loop_{"dns"};
  dns::LinkDirectory dns_directory_;
  DnsPart dns_;
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
      server_(parts.main, http_limits(parts.config), router_, parts.metrics),
      dns_directory_(parts.main, dns_loop_, parts.clock, client_.link(),
                     {.node = parts.config.node_name}, Rng(random_u64())),
      dns_(parts.config, std::move(parts.dns_sockets), dns_loop_, dns_directory_, view_limits,
           parts.clock, parts.metrics) {
  agent::add_forward_routes(router_, forwarding_);
}

void ClientRole::connect(AgentPart& agent) {
  agent.add_routes(router_);
  client_.link().on_reached([at = &agent] { at->sync_soon(); });
}

void ClientRole::serve(std::vector<std::vector<int>> sockets) {
  for (const int socket : sockets.front()) server_.serve(socket);
  dns_.start();
}

Task<void> ClientRole::stop_fronts(Nanos grace) {
  co_await dns_.stop();
  co_await server_.stop(grace);
}

void ClientRole::reconfigure(const AgentConfig& config) {
  const auto options = router_options(config);
  CONCLAVE_ASSERT_WHY(options.has_value(), "they were looked at before");
  dns_.reconfigure(config.dns);
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
