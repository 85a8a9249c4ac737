#pragma once

/// The Replica over Raft: queues proposals, makes one log entry of what arrived while the last
/// write ran, applies committed entries in one store transaction each time, and brings outcomes
/// back to their callers.
///
/// Built before the raft host (it is the host's state machine), started with it:
///   RaftReplica replica(...); Host host(Node(...), log, replica, peers); replica.start(host);
///   main.run(); replica.stop();
/// Everything runs on main except propose(), read_permit(), read_permit_now() and leader(), which
/// any loop may call.
///
/// Not here: forwarding to the leader from a follower. A server that does not lead lets a proposal
/// wait for leadership and then answers `No cluster leader`.

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/run/clock.h"
#include "base/run/loop.h"
#include "base/run/metrics.h"
#include "base/run/sleep.h"
#include "daemon/replica/caller.h"
#include "daemon/replica/cluster_clock.h"
#include "daemon/replica/command_times.h"
#include "daemon/replica/growth_guard.h"
#include "daemon/replica/lease_clock.h"
#include "daemon/replica/options.h"
#include "daemon/replica/proposals.h"
#include "daemon/replica/replica.h"
#include "daemon/replica/restorer.h"
#include "daemon/state/state_machine.h"
#include "daemon/store/store.h"
#include "raft/host/host.h"

namespace conclave::daemon {

/// The largest feature level that this version can apply; an entry that needs more stops the
/// server.
inline constexpr std::uint64_t supported_feature_level = 1;
/// What the commands that this version proposes need of those who apply them.
inline constexpr std::uint64_t entry_feature_level = 1;

class RaftReplica final : public Replica, public raft::StateMachinePort {
 public:
  /// All references outlive the replica. Initialises an empty store.
  RaftReplica(Loop& main, const Clock& clock, Metrics& metrics, Store& store,
              const ReplicaOptions& options);
  ~RaftReplica() override;

  /// Attaches the host, replays what is committed, and begins to tick. The host outlives stop().
  /// The store's checkpoints cut the host's log from here on: Store::on_checkpoint() is taken.
  void start(raft::Host& host);
  /// Ends ticking and answers everybody who waits that the server is shutting down.
  void stop();
  /// Who carries out restore commands; without one, such an entry ends this server. Before start().
  void set_restorer(Restorer& restorer);
  /// Another state is in the place of the one that was (a snapshot of a later index was installed):
  /// everybody who waits for a change looks again. Main.
  void state_replaced();
  /// One tick of the host and of all deadlines; the timer's work, public for tests.
  void tick();

  // Replica
  Task<Result<Outcome>> propose(Command command) override;
  Task<Result<ReadPermit>> read_permit(Consistency consistency) override;
  bool read_permit_now(Consistency consistency, ReadPermit& permit) override;
  LeaderInfo leader() const override;
  std::uint64_t cluster_time_ms() const override;
  void on_changes(std::function<void(const std::shared_ptr<const ChangeSet>&)> listener) override;
  void on_leadership(std::function<void(bool leading)> listener) override;

  // raft::StateMachinePort
  std::size_t may_apply(std::span<const raft::Entry> entries) override;
  void apply(std::span<const raft::Entry> entries) override;
  void leadership_changed(raft::Role role, raft::Term term, const raft::NodeId& leader) override;
  void ready_for_proposal() override;

 private:
  struct Cells {
    explicit Cells(Metrics& metrics);
    Counter& applied_entries;
    Counter& applied_commands;
    Counter& leaderships;
    Counter& candidacies;
    Counter& refused_growth;
    Counter& refused_full;
    Histogram& commit_time;
    Histogram& apply_time;
    Gauge& is_leader;
    Gauge& last_index;
    Gauge& applied_index;
    Gauge& commit_index;
    Gauge& proposals;
    Gauge& last_contact_ms;
  };
  struct Decided {
    Proposal proposal;
    Outcome outcome;
  };
  struct WaitingRead {
    Consistency consistency;
    Nanos deadline{};
    bool asked = false;  ///< A quorum round is under way for it.
    Caller<ReadPermit> caller;
  };

  // propose.cc
  void accept(Proposal proposal);
  void enqueue(Proposal proposal);
  void flush_at_end_of_turn();
  void flush();
  void refuse(Proposal proposal, Error error);
  void finish(Proposal proposal, Outcome outcome);
  void expire_proposals(Nanos now);
  void resume_jobs();

  // apply.cc
  void apply_entry(const raft::Entry& entry, Rows& rows, ChangeSet& changes,
                   std::vector<Decided>& decided);
  void apply_own(ProposedEntry entry, Rows& rows, ChangeSet& changes,
                 std::vector<Decided>& decided);
  void apply_foreign(const raft::Entry& entry, Rows& rows, ChangeSet& changes);
  void note_time(const ApplyTime& time);

  // apply_restore.cc
  bool begin_restore(const raft::Entry& entry, const EntryPayload& payload);
  bool is_restored(std::span<const raft::Entry> entries) const;
  void apply_restored(const raft::Entry& entry);
  std::uint64_t revision_of_state();

  // read_permit.cc
  void accept_read(Consistency consistency, Caller<ReadPermit> caller);
  void ask_reads();
  void ask_read(std::uint64_t id, WaitingRead& read);
  void read_confirmed(std::uint64_t id, Result<raft::Index> index);
  void answer_read(std::uint64_t id);
  void answer_applied_reads();
  void expire_reads(Nanos now);
  void publish_standing();

  // raft_replica.cc
  void schedule_tick();
  void sample_usage(Nanos now);
  void answer_all_at_shutdown();
  void deliver_at_end_of_turn();

  Loop& main_;
  const Clock& clock_;
  Store& store_;
  const ReplicaOptions options_;
  Cells cells_;
  CommandTimes command_times_;
  raft::Host* host_ = nullptr;
  Restorer* restorer_ = nullptr;
  raft::Index restoring_;  ///< The entry that the restorer has; 0 = none.
  raft::Index restored_;   ///< The one that it is done with, and that is to be applied next.
  Timer timer_;
  Nanos tick_length_{};
  bool stopped_ = false;

  Proposals proposals_;
  bool flush_scheduled_ = false;
  GrowthGuard growth_;
  Nanos next_usage_sample_{};
  Answers answers_;
  bool delivery_scheduled_ = false;

  bool leading_ = false;  ///< Announced to listeners.
  ClusterClock cluster_clock_;
  /// Time of the entries in the batch being applied; recorded once with its end.
  std::optional<ApplyTime> batch_time_;
  LeaseClock lease_clock_;

  std::uint64_t last_read_ = 0;
  std::map<std::uint64_t, WaitingRead> reads_;
  /// Confirmed at an index that is not applied here yet; ascending, as read points are.
  std::deque<std::pair<raft::Index, std::uint64_t>> reads_to_apply_;

  std::vector<std::function<void(const std::shared_ptr<const ChangeSet>&)>> change_listeners_;
  std::vector<std::function<void(bool)>> leadership_listeners_;

  // What other loops see of the standing. Written on main, read anywhere; one word each, so no lock
  // is needed on the read path.
  /// Boot clock, ns: until then the leader's reads need no question; 0 = not at all.
  std::atomic<std::int64_t> lease_until_ns_{0};
  std::atomic<bool> lease_is_endless_{false};
  std::atomic<bool> known_leader_{false};
  /// Boot clock, ns: when a leader was last heard, for followers.
  std::atomic<std::int64_t> contact_ns_{0};
  /// Guards leader_info_ only, which is more than a word and asked for seldom.
  mutable std::mutex leader_mutex_;
  LeaderInfo leader_info_;
};

}  // namespace conclave::daemon
