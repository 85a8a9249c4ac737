#include "daemon/replica/raft_replica.h"

#include "base/core/assert.h"
#include "base/run/log.h"
#include "raft/core/configuration.h"

namespace conclave::daemon {
namespace {

std::uint64_t time_in(Store& store) {
  const auto reader = store.make_reader();
  const ReadSnapshot snapshot = reader->open();
  return stored_cluster_time_ms(snapshot.rows());
}

/// A state whose first checkpoint came before its first entry is at index 0 and has been
/// initialised.
void initialise_if_empty(Store& store) {
  if (store.applied().index != 0) return;
  const auto batch = store.begin();
  initialise_state(batch->rows());
  batch->commit(store.applied());
}

std::uint64_t initial_time(Store& store) {
  initialise_if_empty(store);
  return time_in(store);
}

}  // namespace

RaftReplica::Cells::Cells(Metrics& metrics)
    : applied_entries(metrics.counter("consul.raft.fsm.entries", "Log entries applied")),
      applied_commands(
          metrics.counter("consul.raft.apply", "Commands applied by the state machine")),
      leaderships(metrics.counter("consul.raft.state.leader", "Times this server became leader")),
      candidacies(
          metrics.counter("consul.raft.state.candidate", "Elections this server has started")),
      refused_growth(metrics.counter("conclave.replica.refused_growth",
                                     "Commands refused by the quota or for lack of disk space")),
      refused_full(metrics.counter("conclave.replica.refused_full",
                                   "Commands refused because too many were waiting")),
      forwarded(metrics.counter("conclave.replica.forwarded",
                                "Commands sent on to the leader, each time counted")),
      forward_calls(metrics.counter("conclave.replica.forward_calls",
                                    "Calls that carried commands to the leader")),
      forward_failed(metrics.counter("conclave.replica.forward_failed",
                                     "Commands whose call to the leader, or whose log entry, gave "
                                     "no outcome")),
      read_index_calls(metrics.counter("conclave.replica.read_index_calls",
                                       "Calls that asked the leader for a read index")),
      read_index_reads(metrics.counter("conclave.replica.read_index_reads",
                                       "Reads that waited for these calls")),
      commit_time(metrics.histogram("consul.raft.commitTime",
                                    "Time from proposing an entry to its being committed")),
      apply_time(metrics.histogram("consul.raft.fsm.apply",
                                   "Time to apply a batch of committed entries to the state")),
      is_leader(metrics.gauge("consul.server.isLeader", "1 while this server leads")),
      last_index(metrics.gauge("consul.raft.lastIndex", "Index of the last log entry")),
      applied_index(metrics.gauge("consul.raft.appliedIndex", "Index of the last applied entry")),
      commit_index(
          metrics.gauge("conclave.raft.commit_index", "Index of the last committed entry")),
      proposals(metrics.gauge("conclave.replica.proposals", "Commands without an outcome yet")),
      last_contact_ms(metrics.gauge("consul.raft.leader.lastContact",
                                    "Milliseconds since this server last heard the leader")) {}

RaftReplica::RaftReplica(Loop& main, const Clock& clock, Metrics& metrics, Store& store,
                         const ReplicaOptions& options)
    : main_(main),
      clock_(clock),
      store_(store),
      options_(options),
      cells_(metrics),
      command_times_(metrics),
      timer_(main.executor()),
      share_timer_(main.executor()),
      growth_(options.quota_bytes, options.free_space_min_bytes),
      cluster_clock_(initial_time(store)) {
  contact_ns_.store(clock_.boot_now().count(), std::memory_order_relaxed);
}

RaftReplica::~RaftReplica() = default;

void RaftReplica::begin() {
  if (std::exchange(begun_, true) || !options_.own_timer) return;
  timer_.expires_after(tick_length_);
  schedule_tick();
}

void RaftReplica::start(raft::Host& host) {
  CONCLAVE_ASSERT(host_ == nullptr);
  host_ = &host;
  tick_length_ = std::chrono::milliseconds(host.node().options().tick_ms);
  sample_usage(clock_.boot_now());
  store_.on_checkpoint([this](AppliedPosition held) {
    if (!stopped_) host_->checkpointed(raft::Index{held.index});
  });
  host.start();
  publish_standing();
  begin();
}

void RaftReplica::schedule_tick() {
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error || stopped_) return;
    // After a stall, what arrived meanwhile is looked at first: a busy moment is not an election.
    main_.at_end_of_turn([this] {
      if (stopped_) return;
      tick();
      const auto now = std::chrono::steady_clock::now();
      const auto due = timer_.expiry() + tick_length_;
      timer_.expires_at(due > now ? due : now + tick_length_);
      schedule_tick();
    });
  });
}

void RaftReplica::tick() {
  const Nanos now = clock_.boot_now();
  ++ticks_;
  if (host_ != nullptr) {
    lease_clock_.ticked(host_->node().ticks() + 1, now);
    host_->tick();
    sample_usage(now);
  }
  refuse_outdated();
  expire_proposals(now);
  expire_reads(now);
  ask_reads_at_end_of_turn();
  flush_at_end_of_turn();
  publish_standing();
  answers_.deliver();
}

void RaftReplica::sample_usage(Nanos now) {
  if (now < next_usage_sample_) return;
  next_usage_sample_ = now + options_.usage_period;
  if (!growth_.sample(store_.usage(), proposals_.bytes())) return;
  if (growth_.refusal()) {
    log_error("server", "writes that add to the state are refused: {}", *growth_.refusal());
  } else {
    log_info("server", "writes are accepted again");
  }
}

void RaftReplica::leadership_changed(raft::Role role, raft::Term term,
                                     const raft::NodeId& leader_id) {
  if (role == raft::Role::leader) cells_.leaderships.add();
  if (role == raft::Role::candidate) cells_.candidacies.add();
  publish_leader();
  log_debug("raft", "term {}: {}", term.value,
            role == raft::Role::leader ? std::string("this server leads")
            : leader_id.value.empty()  ? std::string("no leader")
                                       : "leader is " + leader_id.value);
  // Lost, or won again in a later term: what was announced has ended either way.
  if (leading_) lose_leadership();
  publish_standing();
  refuse_outdated();
  ask_again();
  flush_at_end_of_turn();
}

void RaftReplica::lose_leadership() {
  leading_ = false;
  store_.lead(false);
  cluster_clock_.follow();
  log_info("server", "cluster leadership lost");
  for (const auto& listener : leadership_listeners_) listener(false);
  proposals_.restart_deadlines(clock_.boot_now() + options_.rpc_hold_timeout);
}

void RaftReplica::configuration_changed(const raft::Configuration& configuration) {
  publish_leader();
  publish_standing();
  for (const auto& listener : configuration_listeners_) listener(configuration);
}

void RaftReplica::publish_leader() {
  if (host_ == nullptr) return;
  const raft::Node& node = host_->node();
  const raft::Server* server = find_server(node.configuration(), node.leader());
  const std::lock_guard lock(leader_mutex_);
  leader_info_ = {node.role() == raft::Role::leader, node.leader().value,
                  server == nullptr ? "" : server->address, node.current_term().value};
}

void RaftReplica::ready_for_proposal() {
  if (!leading_) {
    leading_ = true;
    store_.lead(true);
    cluster_clock_.lead(clock_.boot_now());
    publish_standing();
    log_info("server", "cluster leadership acquired");
    for (const auto& listener : leadership_listeners_) listener(true);
    resume_jobs();
    ask_reads_at_end_of_turn();
  }
  flush();
}

/// Not put off by later commits.
void RaftReplica::commit_unshared() {
  if (!options_.own_timer || std::exchange(share_scheduled_, true)) return;
  share_timer_.expires_after(options_.share_commit_delay);
  share_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error || stopped_) return;
    share_scheduled_ = false;
    host_->share_commit();
  });
}

LeaderInfo RaftReplica::leader() const {
  const std::lock_guard lock(leader_mutex_);
  return leader_info_;
}

std::uint64_t RaftReplica::cluster_time_ms() const {
  return cluster_clock_.now_ms(clock_.boot_now());
}

void RaftReplica::on_changes(
    std::function<void(const std::shared_ptr<const ChangeSet>&)> listener) {
  CONCLAVE_ASSERT_WHY(host_ == nullptr, "listeners are added before start()");
  change_listeners_.push_back(std::move(listener));
}

void RaftReplica::on_leadership(std::function<void(bool leading)> listener) {
  CONCLAVE_ASSERT_WHY(host_ == nullptr, "listeners are added before start()");
  leadership_listeners_.push_back(std::move(listener));
}

void RaftReplica::on_configuration(std::function<void(const raft::Configuration&)> listener) {
  CONCLAVE_ASSERT_WHY(host_ == nullptr, "listeners are added before start()");
  configuration_listeners_.push_back(std::move(listener));
}

void RaftReplica::deliver_at_end_of_turn() {
  if (std::exchange(delivery_scheduled_, true)) return;
  main_.at_end_of_turn([this] {
    delivery_scheduled_ = false;
    answers_.deliver();
  });
}

void RaftReplica::stop() {
  if (std::exchange(stopped_, true)) return;
  timer_.cancel();
  share_timer_.cancel();
  answer_all_at_shutdown();
}

void RaftReplica::answer_all_at_shutdown() {
  for (Proposal& proposal : proposals_.remove_all_queued()) {
    const ErrorCode code = proposal.from_peer ? ErrorCode::no_leader : ErrorCode::unavailable;
    refuse(std::move(proposal), {code, "the server is shutting down"});
  }
  for (Proposal& proposal : proposals_.remove_all_sent()) {
    refuse(std::move(proposal), {ErrorCode::unknown_outcome,
                                 "the server is shutting down; whether the write was made is not "
                                 "known"});
  }
  for (auto& [id, read] : std::exchange(reads_, {})) {
    answers_.add(std::move(read.caller),
                 Result<ReadPermit>(fail(ErrorCode::no_leader, "the server is shutting down")));
  }
  answers_.deliver();
}

}  // namespace conclave::daemon
