// A server that is also an agent: the copy of the state, and fronts that read it.

#include <utility>

#include "base/core/assert.h"
#include "base/run/log.h"
#include "base/run/random.h"
#include "cli/run/agent_part.h"
#include "cli/run/dns_part.h"
#include "cli/run/front.h"
#include "cli/run/in_process_upstream.h"
#include "cli/run/role.h"
#include "cli/run/server_part.h"
#include "daemon/dns/dns_routes.h"
#include "daemon/dns/store_directory.h"
#include "daemon/http/forwarded_requests.h"
#include "daemon/http/routes.h"
#include "daemon/watch/large_reads.h"

namespace conclave::cli {
namespace {

class ServerRole final : public Role {
 public:
  ServerRole(RoleParts parts, std::unique_ptr<ServerPart> server);

  ClusterSide& cluster() override { return *server_; }
  api::Upstream& upstream() override { return *upstream_; }
  void connect(AgentPart& agent) override;
  Result<void> start() override;
  std::size_t fronts() const override { return fronts_.size(); }
  std::vector<Loop*> loops() override;
  void serve(std::vector<std::vector<int>> sockets) override;
  void reconfigure(const AgentConfig& config) override;
  Task<void> stop_fronts(Nanos grace) override;
  void stop() override { server_->stop(); }
  void join() override;
  void close() override { server_->close(); }

 private:
  void build_fronts(RoleParts& parts);

  const std::string node_name_;
  std::unique_ptr<ServerPart> server_;
  daemon::LargeReads large_reads_;
  Loop dns_loop_{"dns"};
  const std::unique_ptr<daemon::Reader> dns_reader_;  ///< Main's.
  daemon::StoreDirectory dns_directory_;
  DnsPart dns_;
  std::vector<std::unique_ptr<Front>> fronts_;
  std::optional<api::Router> upstream_router_;
  std::optional<InProcessUpstream> upstream_;
};

ServerRole::ServerRole(RoleParts parts, std::unique_ptr<ServerPart> server)
    : node_name_(parts.config.node_name),
      server_(std::move(server)),
      large_reads_(large_read_options(parts.config, parts.identity), parts.metrics),
      dns_reader_(server_->store().make_reader()),
      dns_directory_(parts.main, dns_loop_, parts.clock, server_->replica(), *dns_reader_,
                     node_name_, Rng(random_u64())),
      dns_(parts.config, std::move(parts.dns_sockets), dns_loop_, dns_directory_, {}, parts.clock,
           parts.metrics) {
  build_fronts(parts);
}

void ServerRole::build_fronts(RoleParts& parts) {
  const AgentConfig& config = parts.config;
  const FrontShared shared{parts.main,
                           server_->store(),
                           large_reads_,
                           server_->replica(),
                           server_->leases(),
                           server_->membership(),
                           server_->rpc(),
                           parts.clock,
                           parts.metrics,
                           server_->snapshots(),
                           server_->keyring_changes(),
                           std::make_shared<const daemon::ServerSettings>(server_settings(config)),
                           std::move(parts.routes),
                           http_limits(config),
                           config.rpc_hold_timeout};
  if (config.front_threads == 0) {
    fronts_.push_back(std::make_unique<Front>(&parts.main, "main", shared));
  }
  for (std::int64_t n = 0; n < config.front_threads; ++n) {
    fronts_.push_back(std::make_unique<Front>(nullptr, "front" + std::to_string(n), shared));
  }
  upstream_router_.emplace(api::RouterOptions{});
  daemon::add_server_routes(*upstream_router_, fronts_.front()->context(),
                            fronts_.front()->operators());
  daemon::add_dns_routes(*upstream_router_, fronts_.front()->context());
  upstream_.emplace(fronts_.front()->loop(), *upstream_router_);
  server_->rpc_server().add_lasting(
      api::RpcMethod::http,
      daemon::forwarded_handler(
          [at = &*upstream_](api::Request request, std::shared_ptr<api::CallEnd> end) {
            return at->call_until(std::move(request), std::move(end));
          }));
}

void ServerRole::connect(AgentPart& agent) {
  for (const auto& front : fronts_) agent.add_routes(front->router());
  server_->replica().on_changes([this](const std::shared_ptr<const daemon::ChangeSet>& changes) {
    // First: who is told of a change over HTTP may ask DNS next.
    if (dns_.is_on()) dns_directory_.publish(changes);
    for (const auto& front : fronts_) front->publish(changes);
  });
  server_->replica().on_leadership([this, at = &agent](bool leading) {
    if (!leading) return;
    log_info("server", "New leader elected: payload={}", node_name_);
    at->sync_soon();
  });
}

Result<void> ServerRole::start() {
  if (auto started = server_->start(); !started) {
    server_->stop();
    return started;
  }
  if (server_->log_was_torn()) {
    log_info("raft", "the end of an unfinished write was cut off the log: nothing acknowledged");
  }
  return {};
}

void ServerRole::serve(std::vector<std::vector<int>> sockets) {
  for (std::size_t n = 0; n < fronts_.size(); ++n) fronts_[n]->start(std::move(sockets[n]));
  dns_.start();
}

std::vector<Loop*> ServerRole::loops() {
  std::vector<Loop*> loops = dns_.loops();
  for (const auto& front : fronts_) loops.push_back(&front->loop());
  return loops;
}

/// What a front holds is exchanged on its own loop.
void ServerRole::reconfigure(const AgentConfig& config) {
  const auto settings = std::make_shared<const daemon::ServerSettings>(server_settings(config));
  const auto options = router_options(config);
  CONCLAVE_ASSERT_WHY(options.has_value(), "they were looked at before");
  dns_.reconfigure(config.dns);
  for (const auto& front : fronts_) front->reconfigure(settings, *options, http_limits(config));
}

Task<void> ServerRole::stop_fronts(Nanos grace) {
  co_await dns_.stop();
  for (const auto& front : fronts_) co_await front->stop(grace);
}

void ServerRole::join() {
  dns_.join();
  for (const auto& front : fronts_) front->join();
  large_reads_.stop();
}

}  // namespace

Result<std::unique_ptr<Role>> make_server_role(RoleParts parts) {
  CONCLAVE_TRY_ASSIGN(auto server,
                      ServerPart::open(parts.config, parts.identity, std::move(parts.ports),
                                       parts.main, parts.clock, parts.metrics, parts.give_up));
  return std::make_unique<ServerRole>(std::move(parts), std::move(server));
}

}  // namespace conclave::cli
