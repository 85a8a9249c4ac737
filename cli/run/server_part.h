#pragma once

/// The server's half of an agent: log, state, raft, leases, members, put together in the order in
/// which they need each other. Main thread, built before main runs and destroyed after it ended.

#include <memory>
#include <string>

#include "base/core/result.h"
#include "base/run/clock.h"
#include "base/run/loop.h"
#include "base/run/metrics.h"
#include "cli/config/agent_config.h"
#include "cli/run/cluster_view.h"
#include "cli/run/options.h"
#include "daemon/leases/leases.h"
#include "daemon/members/members.h"
#include "daemon/replica/raft_replica.h"
#include "daemon/replica/snapshot_service.h"
#include "daemon/snapshot/snapshots.h"
#include "daemon/store/store.h"
#include "raft/host/host.h"
#include "raft/wal/wal.h"

namespace conclave::cli {

class ServerPart {
 public:
  /// Opens what is in the data directory, or begins a cluster of one there when the configuration
  /// says bootstrap. Errors are sentences for the person who started it; nothing is damaged by
  /// them.
  static Result<std::unique_ptr<ServerPart>> open(const AgentConfig& config,
                                                  const Identity& identity, Loop& main,
                                                  const Clock& clock, Metrics& metrics);

  /// Replays what is committed and begins to tick; listeners are registered before.
  void start();
  /// Everybody who waits for an outcome gets an answer; nothing is proposed afterwards.
  void stop();
  /// A last checkpoint, after stop() and when main serves nobody any more.
  void close();

  daemon::Store& store() { return *store_; }
  daemon::RaftReplica& replica() { return replica_; }
  daemon::Leases& leases() { return leases_; }
  daemon::Members& members() { return members_; }
  RaftClusterView& view() { return view_; }
  daemon::SnapshotService& snapshots() { return snapshot_service_; }
  const raft::Node& node() const { return host_.node(); }
  /// The member table as applied here; main.
  std::vector<api::Member> read_members();
  /// A torn end of the log was cut off at this start.
  bool log_was_torn() const { return log_was_torn_; }

 private:
  /// Peers of a server that is alone: there are none to send to.
  class NoPeers final : public raft::PeersPort {
   public:
    void send(std::vector<raft::Message> messages) override;
  };

  ServerPart(const AgentConfig& config, const Identity& identity, Loop& main, const Clock& clock,
             Metrics& metrics, std::unique_ptr<daemon::GenerationStore> store,
             std::unique_ptr<daemon::Snapshots> snapshots, raft::Wal::Opened log);
  daemon::LeaseBasis read_basis();

  std::unique_ptr<daemon::GenerationStore> store_;
  std::unique_ptr<daemon::Snapshots> snapshots_;
  std::unique_ptr<daemon::Reader> reader_;
  bool log_was_torn_;
  daemon::RaftReplica replica_;
  NoPeers peers_;
  std::unique_ptr<raft::Wal> wal_;
  raft::Host host_;
  daemon::Leases leases_;
  daemon::Members members_;
  RaftClusterView view_;
  daemon::SnapshotService snapshot_service_;
};

}  // namespace conclave::cli
