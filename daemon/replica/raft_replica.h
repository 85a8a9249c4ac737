#pragma once

/// The Replica over Raft: queues proposals, makes one log entry of what arrived while the last
/// write ran, applies committed entries in one store transaction each time, and brings outcomes
/// back to their callers.
///
/// Built before the raft host (it is the host's state machine), started with it:
///   RaftReplica replica(...); replica.connect(rpc, handlers); replica.begin();
///   Host host(Node(...), log, replica, peers); replica.start(host); main.run(); replica.stop();
/// start() may come long after begin(), or never: a server that has no cluster yet lets everybody
/// wait for one up to rpc_hold_timeout, and answers stale reads from what it has. Everything runs
/// on main except propose(), propose_as_leader(), read_permit(), read_permit_now() and leader(),
/// which any loop may call.
///
/// On a server that does not lead, commands go to the leader and reads ask it how far they must
/// have caught up. Both are batched: what one turn of main brings together is one call.
///   - A command is sent on once: who gets it and does not lead refuses it, and then it has
///     certainly not been carried out and is offered to the next leader. If the answer got lost it
///     is offered again only under a request id, else its outcome is unknown.
///   - An outcome is passed on when the leader has applied the command, whether or not this server
///     has. Default and consistent reads are linearizable on every server, so they show it;
///     a stale read here right afterwards need not.
///   - What the leader decides by its office (propose_as_leader()) is carried out in that very
///     leadership or not at all.
///
/// Disks: quota and free space are judged by the server that appends, for its own disk: a follower
/// passes on what it could not take as leader, and as leader refuses growth while deletions pass.
/// A follower goes on applying whatever the leader has committed; one whose disk is full all the
/// same ends, alone, with a sentence at its log, and the others keep the quorum. The log writes
/// into segments that exist already, and free_space_min_bytes keeps room for the next.

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "api/rpc/rpc.h"
#include "base/run/clock.h"
#include "base/run/loop.h"
#include "base/run/metrics.h"
#include "base/run/sleep.h"
#include "daemon/replica/caller.h"
#include "daemon/replica/cluster_clock.h"
#include "daemon/replica/command_times.h"
#include "daemon/replica/growth_guard.h"
#include "daemon/replica/leader_calls.h"
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

  /// How to reach the leader, and where its calls to this server arrive. Before anybody asks;
  /// without it this server answers as leader only. Both belong to main.
  void connect(api::Rpc& rpc, api::RpcHandlers& handlers);
  /// Begins to tick, so that deadlines are kept while there is no host.
  void begin();
  /// Attaches the host, replays what is committed, and begins if begin() was not called. The host
  /// outlives stop(). The store's checkpoints cut the host's log from here on:
  /// Store::on_checkpoint() is taken.
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
  /// Adds a listener called on main with the configuration in force: at start(), and when another
  /// one is appended, applied or rolled back. Before start() only.
  void on_configuration(std::function<void(const raft::Configuration&)> listener);

  // Replica
  Task<Result<Outcome>> propose(Command command) override;
  Task<Result<Outcome>> propose_as_leader(Command command) override;
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
  void configuration_changed(const raft::Configuration& configuration) override;
  void ready_for_proposal() override;
  void commit_unshared() override;

 private:
  struct Cells {
    explicit Cells(Metrics& metrics);
    Counter& applied_entries;
    Counter& applied_commands;
    Counter& leaderships;
    Counter& candidacies;
    Counter& refused_growth;
    Counter& refused_full;
    Counter& forwarded;
    Counter& forward_calls;
    Counter& forward_failed;
    Counter& read_index_calls;
    Counter& read_index_reads;
    Histogram& commit_time;
    Histogram& apply_time;
    Gauge& is_leader;
    Gauge& last_index;
    Gauge& applied_index;
    Gauge& commit_index;
    Gauge& proposals;
    Gauge& last_contact_ms;
  };
  /// Of one entry: as many of one as of the other.
  struct Decided {
    std::vector<Proposal> proposals;
    std::vector<Outcome> outcomes;
  };
  struct WaitingRead {
    Consistency consistency;
    Nanos deadline{};
    Caller<ReadPermit> caller;
  };
  /// The reads of one consistency that have no index yet, by their ids.
  struct ReadLane {
    std::vector<std::uint64_t> waiting;  ///< Not asked for.
    std::vector<std::uint64_t> asked;    ///< By the call to the leader that is under way.
    std::uint64_t call = 0;              ///< Which; 0 = none.
  };
  class PeerProposals;

  // propose.cc
  Task<Result<Outcome>> propose_command(Command command, bool as_leader);
  Task<Result<Outcome>> decide(Proposal proposal, bool as_leader);
  void accept(Proposal proposal);
  Result<void> admit(Proposal& proposal);
  void enqueue(Proposal proposal);
  void flush_at_end_of_turn();
  void flush();
  void append_queued();
  void refuse(Proposal proposal, Error error);
  void finish(Proposal proposal, Outcome outcome);
  void expire_proposals(Nanos now);
  void refuse_outdated();
  void settle_skipped(raft::Index applied_from);
  void resume_jobs();

  // forward.cc
  bool leader_is_worth_asking() const;
  bool may_forward() const;
  void forward_queued();
  Task<void> carry(std::uint64_t call, std::string address, std::string body);
  void carried(std::uint64_t call, Result<std::string> reply);
  std::optional<Proposal> settle(Proposal proposal, Error error);

  // serve_peers.cc
  bool is_leader() const;
  Task<Result<std::string>> answer_propose(std::string body);
  void accept_from_peer(ProposeCall call, Caller<ProposeAnswers> caller);
  Task<Result<std::string>> answer_read_index(std::string body);
  void find_read_index(Caller<raft::Index> caller);

  // apply.cc
  void apply_entry(const raft::Entry& entry, Rows& rows, ChangeSet& changes,
                   std::vector<Decided>& decided);
  void look_at_overwritten();
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
  ReadLane& lane_of(Consistency consistency);
  void ask_reads_at_end_of_turn();
  void ask_reads();
  void ask_quorum();
  Task<void> ask_leader(Consistency consistency, std::uint64_t call, std::string address);
  void leader_answered(Consistency consistency, std::uint64_t call, Result<std::string> reply);
  void reads_confirmed(const std::vector<std::uint64_t>& ids, const Result<raft::Index>& index);
  void answer_read(std::uint64_t id);
  void answer_applied_reads();
  void ask_again();
  void expire_reads(Nanos now);
  void publish_standing();

  // raft_replica.cc
  void schedule_tick();
  void sample_usage(Nanos now);
  void answer_all_at_shutdown();
  void lose_leadership();
  void publish_leader();
  void deliver_at_end_of_turn();

  Loop& main_;
  const Clock& clock_;
  Store& store_;
  const ReplicaOptions options_;
  Cells cells_;
  CommandTimes command_times_;
  raft::Host* host_ = nullptr;
  api::Rpc* rpc_ = nullptr;
  Restorer* restorer_ = nullptr;
  raft::Index restoring_;  ///< The entry that the restorer has; 0 = none.
  raft::Index restored_;   ///< The one that it is done with, and that is to be applied next.
  Timer timer_;
  Timer share_timer_;
  bool share_scheduled_ = false;
  Nanos tick_length_{std::chrono::milliseconds(50)};  ///< Until the host says.
  bool begun_ = false;
  bool stopped_ = false;

  Proposals proposals_;
  bool flush_scheduled_ = false;
  /// In which tick the leader that this server knows refused, or could not be reached; it is asked
  /// again once a tick until it does not.
  std::optional<std::uint64_t> refused_in_tick_;
  std::uint64_t ticks_ = 0;
  std::uint64_t last_call_ = 0;
  std::uint64_t first_call_to_leader_ = 1;  ///< Earlier ones went to another, or in another term.
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
  std::array<ReadLane, 2> read_lanes_;  ///< Standard and consistent.
  bool ask_scheduled_ = false;
  /// Confirmed at an index that is not applied here yet.
  std::map<raft::Index, std::vector<std::uint64_t>> reads_to_apply_;

  std::vector<std::function<void(const std::shared_ptr<const ChangeSet>&)>> change_listeners_;
  std::vector<std::function<void(bool)>> leadership_listeners_;
  std::vector<std::function<void(const raft::Configuration&)>> configuration_listeners_;

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
