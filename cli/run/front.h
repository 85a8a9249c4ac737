#pragma once

/// A front: one loop that answers HTTP, with its own reader, watch hub, router and server. Built
/// and destroyed while its loop does not run; everything else on its loop.

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "api/http/server.h"
#include "api/rest/router.h"
#include "api/rpc/rpc.h"
#include "base/run/clock.h"
#include "base/run/loop.h"
#include "base/run/metrics.h"
#include "daemon/http/context.h"
#include "daemon/http/leader_forwarder.h"
#include "daemon/http/operator.h"
#include "daemon/members/keyring_operations.h"
#include "daemon/replica/snapshot_service.h"
#include "daemon/store/store.h"
#include "daemon/watch/hub.h"

namespace conclave::cli {

/// What all fronts share; each outlives them.
struct FrontShared {
  Loop& main;
  daemon::Store& store;
  daemon::Replica& replica;
  daemon::SessionRenewals& renewals;
  daemon::ClusterOperations& cluster;
  api::Rpc& rpc;  ///< Main's.
  const Clock& clock;
  Metrics& metrics;
  daemon::SnapshotService& snapshots;
  daemon::KeyringOperations* keyring;  ///< nullptr: there is none.
  std::shared_ptr<const daemon::ServerSettings> settings;
  api::RouterOptions router_options;
  api::HttpLimits limits;
  Nanos leader_hold;  ///< A request for the leader waits so long for one.
};

class Front {
 public:
  /// `main` = run on that loop; nullptr = a loop and thread of its own, begun by start().
  Front(Loop* main, std::string name, const FrontShared& shared);
  ~Front();

  Loop& loop() { return loop_; }
  /// Routes may be added before start().
  api::Router& router() { return router_; }
  daemon::ServerContext& context() { return context_; }
  daemon::OperatorContext& operators() { return operators_; }

  /// Called on main after each committed batch.
  void publish(const std::shared_ptr<const daemon::ChangeSet>& changes);
  /// Begins to serve these descriptors, which it owns from now on. Main thread.
  void start(std::vector<int> sockets);
  /// Takes what of a new configuration concerns HTTP. Any loop.
  void reconfigure(const std::shared_ptr<const daemon::ServerSettings>& settings,
                   const api::RouterOptions& options, const api::HttpLimits& limits);
  /// Stops serving; returns when connections are closed or `grace` is over. Any loop.
  Task<void> stop(Nanos grace);
  /// Ends the own thread, if there is one. Main, while nobody waits for this front.
  void join();

 private:
  std::optional<Loop> own_loop_;
  Loop& loop_;
  std::unique_ptr<daemon::Reader> reader_;
  daemon::WatchHub hub_;
  daemon::ServerContext context_;
  daemon::LeaderForwarder forwarder_;
  daemon::OperatorContext operators_;
  api::Router router_;
  api::HttpServer server_;
  std::thread thread_;
};

}  // namespace conclave::cli
