#include "cli/run/front.h"

#include <utility>

#include "base/run/loop_thread.h"
#include "base/run/random.h"
#include "base/run/run_on.h"
#include "daemon/http/routes.h"

namespace conclave::cli {

Front::Front(Loop* main, std::string name, const FrontShared& shared)
    : own_loop_(main == nullptr ? std::optional<Loop>(std::in_place, std::move(name))
                                : std::nullopt),
      loop_(main == nullptr ? *own_loop_ : *main),
      reader_(shared.store.make_reader()),
      hub_(loop_, *reader_, shared.metrics),
      context_{loop_,           shared.replica,    *reader_,         hub_,
               shared.renewals, shared.cluster,    shared.clock,     shared.metrics,
               shared.settings, Rng(random_u64()), &shared.snapshots},
      forwarder_(loop_, shared.main, shared.replica, shared.rpc, shared.leader_hold),
      operators_{context_, forwarder_, shared.keyring},
      router_(shared.router_options),
      server_(loop_, shared.limits, router_, shared.metrics) {
  daemon::add_server_routes(router_, context_, operators_);
}

Front::~Front() { join(); }

void Front::publish(const std::shared_ptr<const daemon::ChangeSet>& changes) {
  if (loop_.is_here()) {
    hub_.publish(*changes);
  } else {
    loop_.post([this, changes] { hub_.publish(*changes); });
  }
}

void Front::start(std::vector<int> sockets) {
  for (const int socket : sockets) server_.serve(socket);
  if (own_loop_) {
    thread_ = run_on_own_thread(loop_);
  }
}

void Front::reconfigure(const std::shared_ptr<const daemon::ServerSettings>& settings,
                        const api::RouterOptions& options, const api::HttpLimits& limits) {
  loop_.post([this, settings, options, limits] {
    context_.settings = settings;
    router_.reconfigure(options);
    server_.limit_connections_per_client(limits.connections_per_client_max);
  });
}

Task<void> Front::stop(Nanos grace) {
  if (loop_.is_here()) {
    co_await server_.stop(grace);
  } else {
    co_await run_on(loop_, server_.stop(grace));
  }
}

void Front::join() {
  if (!thread_.joinable()) return;
  loop_.stop();
  thread_.join();
}

}  // namespace conclave::cli
