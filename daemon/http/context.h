#pragma once

/// What every handler of the servers' endpoints works with. One per loop, built by cli/run;
/// handlers hold a reference.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "api/query/options.h"
#include "base/core/rng.h"
#include "base/run/clock.h"
#include "base/run/loop.h"
#include "base/run/metrics.h"
#include "daemon/http/cached_read.h"
#include "daemon/leases/renewals.h"
#include "daemon/members/operations.h"
#include "daemon/replica/replica.h"
#include "daemon/store/store.h"
#include "daemon/watch/hub.h"

namespace conclave::daemon {

/// Settings that handlers need; values, swapped whole on reload.
struct ServerSettings {
  std::string datacenter = "dc1";
  std::string node_name;  ///< Default Node of sessions created through this server's own agent.
  std::uint64_t kv_value_bytes_max = 512 * 1024;
  std::uint64_t txn_bytes_max = 512 * 1024;
  std::uint64_t txn_ops_max = 128;
  Nanos session_ttl_min{std::chrono::seconds(10)};
  Nanos coordinate_update_period{std::chrono::seconds(5)};
  api::WaitLimits waits;
  /// Reads of catalog and health that name no mode may be so old; zero: they are the leader's.
  Nanos discovery_max_stale{};
  bool coordinates = true;  ///< False: their endpoints say that they are switched off.
  bool strict_json = false;
};

class SnapshotService;

struct ServerContext {
  Loop& loop;
  Replica& replica;
  Reader& reader;
  WatchHub& hub;
  SessionRenewals& renewals;
  ClusterOperations& cluster;
  const Clock& clock;
  Metrics& metrics;
  std::shared_ptr<const ServerSettings> settings;
  /// Random bytes for ids and jitter, not for secrets that guard anything.
  Rng rng;
  SnapshotService* snapshots = nullptr;  ///< None: their endpoints are not there.
  CachedReads cached_reads = {};
};

}  // namespace conclave::daemon
