#include "cli/run/agent_part.h"

#include <utility>

#include "agent/http/machine.h"
#include "base/run/log.h"
#include "base/run/loop_thread.h"
#include "base/run/random.h"
#include "base/run/run_on.h"
#include "cli/run/debug_config.h"

namespace conclave::cli {

AgentPart::AgentPart(const AgentConfig& config, const Identity& identity, Loop& main,
                     ClusterSide& cluster, api::Upstream& upstream, const Clock& clock,
                     Metrics& metrics, Callbacks callbacks)
    : config_(config),
      identity_(identity),
      main_(main),
      cluster_(cluster),
      callbacks_(std::move(callbacks)),
      local_(loop_, clock, local_options(config, identity), Rng(random_u64())),
      catalog_(upstream),
      checks_(
          loop_, clock, local_,
          [this](std::string node) { return catalog_.node_image(std::move(node)); },
          Rng(random_u64())),
      syncer_(loop_, clock, local_, catalog_, sync_options(), Rng(random_u64())),
      context_{loop_, clock,   local_,         checks_,          syncer_,
               *this, metrics, http_options(), Rng(random_u64())},
      watches_(loop_, own_http_url(config)) {}

AgentPart::~AgentPart() { join(); }

Result<void> AgentPart::load() { return local_.load({config_.services, config_.checks}); }

void AgentPart::add_routes(api::Router& router) { agent::add_agent_routes(router, context_); }

void AgentPart::start() {
  loop_.post([this] {
    checks_.start_reaper();
    syncer_.start();
    watches_.follow(config_.watches);
  });
  thread_ = run_on_own_thread(loop_);
}

void AgentPart::sync_soon() {
  loop_.post([this] { syncer_.sync_soon(); });
}

Task<void> AgentPart::stop() { co_await run_on(loop_, stop_on_loop()); }

Task<void> AgentPart::stop_on_loop() {
  watches_.stop();
  syncer_.stop();
  checks_.stop();
  co_return;
}

void AgentPart::join() {
  if (!thread_.joinable()) return;
  loop_.stop();
  thread_.join();
}

agent::SyncOptions AgentPart::sync_options() {
  agent::SyncOptions options;
  options.cluster_size = [this] { return count_members(); };
  return options;
}

Task<std::vector<api::Member>> AgentPart::members() {
  co_return co_await run_on(main_, cluster_.members());
}

Task<std::size_t> AgentPart::count_members() { co_return co_await run_on(main_, count_on_main()); }

Task<std::size_t> AgentPart::count_on_main() { co_return cluster_.count_members(); }

Task<agent::ServerStats> AgentPart::stats() { co_return co_await run_on(main_, stats_on_main()); }

Task<agent::ServerStats> AgentPart::stats_on_main() { co_return cluster_.stats(); }

api::JsonValue AgentPart::debug_config() { return cli::debug_config(config_, identity_); }

Task<Result<void>> AgentPart::reload() {
  log_info("agent", "Reloading configuration...");
  auto loaded = callbacks_.load();
  if (!loaded) co_return std::unexpected(loaded.error());
  const agent::LocalOptions before = local_.options();
  local_.set_options(local_options(*loaded, identity_));
  if (auto done = local_.reload({loaded->services, loaded->checks}); !done) {
    local_.set_options(before);
    co_return std::unexpected(done.error());
  }
  config_ = std::move(*loaded);
  watches_.follow(config_.watches);
  callbacks_.reloaded(config_);
  co_return Result<void>();
}

Task<Result<void>> AgentPart::leave() {
  log_info("agent", "Leaving the cluster");
  // What leaves must not be registered again by its own upkeep.
  syncer_.stop();
  auto done = co_await run_on(main_, cluster_.leave());
  if (done) callbacks_.left();
  co_return done;
}

Task<Result<void>> AgentPart::join(std::string address) {
  co_return co_await run_on(main_, cluster_.join(std::move(address)));
}

Task<Result<void>> AgentPart::force_leave(std::string node, bool prune) {
  co_return co_await run_on(main_, cluster_.force_leave(std::move(node), prune));
}

agent::AgentHttpOptions AgentPart::http_options() const {
  agent::AgentHttpOptions options;
  options.primary_datacenter = config_.primary_datacenter;
  options.server = config_.server;
  options.bootstrap = config_.bootstrap;
  options.data_dir = identity_.data_dir;
  if (!config_.metrics_without_host) options.metrics_host = agent::host_name();
  options.prometheus_enabled = config_.prometheus_retention_time > Nanos{0};
  options.debug_enabled = config_.enable_debug;
  options.waits = {config_.default_query_time, config_.max_query_time};
  return options;
}

}  // namespace conclave::cli
