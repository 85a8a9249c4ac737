#pragma once

/// The life of a cluster as one server sees it: it founds or finds one, gets in, is kept in the
/// member table and the catalog, and leaves (design sections 1, 6 and 7). Decisions are the pure
/// files beside this one: bootstrap.h, join_rules.h, reconcile.h, autopilot_plan.h.
///
///   no log ──introductions──▶ founding (bootstrap.h) ─┐
///      └──────────── a cluster was found ─────────────┴─▶ log ──join──▶ learner ──▶ voter
///
/// How to wire it: build it after the Replica and before Replica::start(), with
///   - handlers of the RPC port: it registers introduce, join, leave and bootstrap;
///   - `raft`: over the Host, which may come later: until the log is there it answers as a server
///   of
///     no cluster;
///   - options.card: node as the agent registers it, ports, `build`, `expect`, `bootstrap`,
///     `rpc_address`; incarnation, cluster id and recovery epoch are the log's if there is one;
///   - callbacks.initialise: makes the log (raft::Wal::create with LogIdentity{cluster_id,
///     incarnation} and first_entry(*first), or no entry), then the host, and starts the replica.
///     It may be called from within start() (-bootstrap) or any time later; once at most;
///   - callbacks.give_up: ends the process with code 1.
/// Then start() on main before it runs, stop() before the replica's. Raft's own
/// Options::automatic_promotion is to be off: autopilot promotes, after ServerStabilizationTime.

#include <cstdint>
#include <string>

#include "api/rpc/rpc.h"
#include "base/core/result.h"
#include "base/run/loop.h"
#include "daemon/members/discovery.h"
#include "daemon/members/leader_duties.h"
#include "daemon/members/lease_passing.h"
#include "daemon/members/membership_parts.h"
#include "daemon/members/operations.h"

namespace conclave::daemon {

class Membership final : public ClusterOperations {
 public:
  /// References outlive this object; `reader` is main's.
  Membership(Loop& main, const Clock& clock, api::Rpc& rpc, api::RpcHandlers& handlers,
             Replica& replica, RaftControl& raft, Reader& reader, MembershipOptions options,
             MembershipCallbacks callbacks);

  /// An error is for the person who started this process. Begins to tick.
  Result<void> start();
  void stop();
  /// The timer's work, public for tests: what is due by the clock.
  void tick();

  // Any loop may call these and is resumed.
  /// Joins the node at an address; returns when that one shows this one as alive.
  Task<Result<void>> join(std::string address);
  /// Graceful leave: out of the configuration, `left` in the member table, out of the catalog; a
  /// leader hands over first. Nothing is written or asked for afterwards. After an error this
  /// server goes on as before.
  Task<Result<void>> leave();
  /// Of another node; carried out by the leader.
  Task<Result<void>> force_leave(std::string name, bool prune);

  // ClusterOperations
  Task<RaftConfigurationView> raft_configuration() override;
  Task<Result<void>> remove_peer(std::string id, std::string address) override;
  Task<Result<void>> transfer_leadership(std::string id) override;
  Task<Result<AutopilotReport>> autopilot_report() override;

  bool is_initialised() const { return parts_.card().is_initialised(); }

 private:
  template <class T>
  Task<T> on_main(Task<T> task);
  Task<void> keep_ticking();
  Task<Result<std::string>> on_join(std::string body);
  Task<Result<std::string>> on_leave(std::string body);
  Task<Result<std::string>> on_list();
  Task<Result<std::string>> pass_on(api::RpcMethod method, std::string leader, std::string body);
  Task<Result<void>> leave_on_main();
  Task<Result<void>> leave_cluster(LeaveRequest request);
  Task<Result<void>> at_leader(LeaveRequest request);
  bool is_only_voter() const;
  Task<RaftConfigurationView> view_on_main();
  Task<Result<AutopilotReport>> report_on_main();
  std::string name_of(const std::string& id);
  std::string leader_elsewhere() const;

  MembershipParts parts_;
  Discovery discovery_;
  LeaderDuties duties_;
  LeasePassing passing_;
  Nanos next_round_{};
};

}  // namespace conclave::daemon
