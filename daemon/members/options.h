#pragma once

/// What can be set about belonging to a cluster, and what membership asks of those around it.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "api/model/autopilot.h"
#include "base/core/result.h"
#include "daemon/members/node_leases.h"
#include "daemon/members/reconcile.h"
#include "daemon/members/records.h"
#include "raft/core/types.h"

namespace conclave::daemon {

struct MembershipOptions {
  /// This node. With a log: its incarnation, cluster id and recovery epoch are the log's; without
  /// one they are empty.
  NodeCard card;
  std::string promise_path;             ///< "<data_dir>/raft/bootstrap".
  std::string left_path;                ///< "<data_dir>/raft/left": left and not come back.
  std::vector<std::string> start_join;  ///< As written; tried once.
  std::vector<std::string> retry_join;  ///< Tried until one answers.
  Nanos retry_interval{std::chrono::seconds(30)};
  std::int64_t retry_max = 0;  ///< 0 = no end.
  bool rejoin_after_leave = false;
  api::AutopilotConfig autopilot;  ///< Of a new cluster.
  LeaseOptions leases;
  UpkeepOptions upkeep;
};

/// A log to be made.
struct NewLog {
  UuidBytes cluster_id{};
  raft::Incarnation incarnation{};
  std::uint64_t recovery_epoch = 0;
  /// Its first entry (raft::first_entry()); nullopt: empty, a leader sends everything.
  std::optional<raft::Configuration> first;
};

struct MembershipCallbacks {
  /// Makes the log, durably, and starts raft with it. On main; an error is final.
  std::function<Result<void>(const NewLog& log)> initialise;
  /// The process is to end with exit code 1: it was told to join and could not. The sentence is for
  /// standard error.
  std::function<void(const std::string& sentence)> give_up;
};

}  // namespace conclave::daemon
