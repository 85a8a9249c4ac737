#pragma once

/// The server's half of an agent: state, raft, leases, membership, and the port that nodes speak to
/// each other on, put together in the order in which they need each other. Log, core and links
/// (Consensus) come when it is known which cluster this server belongs to: at once when there is a
/// log or -bootstrap makes one, else when membership has found or founded one.
///
/// Main thread, built before main runs and destroyed after it ended.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/http/host.h"
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
#include "cli/run/consensus.h"
#include "cli/run/host_control.h"
#include "cli/run/options.h"
#include "daemon/leases/leases.h"
#include "daemon/members/keyring_changes.h"
#include "daemon/members/membership.h"
#include "daemon/replica/raft_replica.h"
#include "daemon/replica/snapshot_service.h"
#include "daemon/snapshot/snapshots.h"
#include "daemon/store/store.h"
#include "raft/wal/wal.h"

namespace conclave::cli {

class ServerPart final : public ClusterSide {
 public:
  /// Opens what is in the data directory. Errors are sentences for the person who started it;
  /// nothing is damaged by them. `give_up`: this server was told to join others and cannot; the
  /// process is to end with that sentence.
  static Result<std::unique_ptr<ServerPart>> open(const AgentConfig& config,
                                                  const Identity& identity, ClusterPorts ports,
                                                  Loop& main, const Clock& clock, Metrics& metrics,
                                                  std::function<void(const std::string&)> give_up);

  /// Replays what is committed and begins to tick, opens the port for others, finds or founds a
  /// cluster if there is none yet; listeners are registered before. Errors as open()'s.
  Result<void> start();
  /// Everybody who waits for an outcome gets an answer; nothing is proposed afterwards.
  void stop();
  /// A last checkpoint, after stop() and when main serves nobody any more.
  void close();

  daemon::Store& store() { return *store_; }
  daemon::RaftReplica& replica() { return replica_; }
  daemon::Leases& leases() { return leases_; }
  daemon::Membership& membership() { return membership_; }
  daemon::SnapshotService& snapshots() { return snapshot_service_; }
  /// nullptr: nodes talk in the clear.
  daemon::KeyringChanges* keyring_changes() {
    return keyring_changes_ ? &*keyring_changes_ : nullptr;
  }
  api::Rpc& rpc() { return rpc_client_; }
  api::RpcServer& rpc_server() { return rpc_server_; }
  // ClusterSide: the member table as applied here.
  Task<std::vector<api::Member>> members() override { co_return read_members(); }
  std::size_t count_members() override { return read_members().size(); }
  agent::ServerStats stats() override;
  Task<Result<void>> join(std::string address) override {
    return membership_.join(std::move(address));
  }
  Task<Result<void>> leave() override { return membership_.leave(); }
  Task<Result<void>> force_leave(std::string name, bool prune) override {
    return membership_.force_leave(std::move(name), prune);
  }
  /// A torn end of the log was cut off at this start.
  bool log_was_torn() const { return log_was_torn_; }

 private:
  /// What is found in the data directory.
  struct Files {
    std::unique_ptr<daemon::GenerationStore> store;
    std::unique_ptr<daemon::Snapshots> snapshots;
    std::optional<raft::Wal::Opened> log;
    std::optional<std::vector<std::string>> rejoin;  ///< rejoin.h
    std::shared_ptr<api::ClusterKeyring> keyring;
  };
  static Result<Files> open_files(const AgentConfig& config, const Identity& identity, Loop& main,
                                  Metrics& metrics);

  ServerPart(const AgentConfig& config, const Identity& identity, ClusterPorts ports, Loop& main,
             const Clock& clock, Metrics& metrics, Files files,
             std::function<void(const std::string&)> give_up);

  std::vector<api::Member> read_members();
  daemon::LeaseBasis read_basis();
  daemon::MembershipOptions membership_options() const;
  api::RpcIdentity rpc_identity() const;
  Result<void> initialise(const daemon::NewLog& log);
  void enter(raft::Wal::Opened log);
  std::shared_ptr<TlsKeyring> keys() const { return keyring_ ? keyring_->tls() : nullptr; }
  void accept(std::shared_ptr<FramedStream> stream, Hello hello);

  const AgentConfig config_;
  const Identity identity_;
  Loop& main_;
  Metrics& metrics_;
  ClusterPorts ports_;
  std::unique_ptr<daemon::GenerationStore> store_;
  std::unique_ptr<daemon::Reader> reader_;
  std::unique_ptr<daemon::Snapshots> snapshots_;
  const bool log_was_torn_;
  std::optional<raft::Wal::Opened> log_;  ///< Found at the start, until start().
  const std::optional<std::vector<std::string>> rejoin_;
  raft::LogIdentity log_identity_;  ///< Zeros: no log yet.

  const std::shared_ptr<api::ClusterKeyring> keyring_;
  api::RpcClient rpc_client_;
  api::RpcServer rpc_server_;
  daemon::RaftReplica replica_;
  daemon::Leases leases_;
  HostControl raft_;
  daemon::Membership membership_;
  std::optional<daemon::KeyringChanges> keyring_changes_;
  daemon::SnapshotService snapshot_service_;
  std::unique_ptr<Consensus> consensus_;
  Listener listener_;
};

}  // namespace conclave::cli
