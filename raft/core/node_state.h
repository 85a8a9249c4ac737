#pragma once

/// Inside of Node; included by its sources only. Each source implements one idea of the paper:
///   node.cc           construction, inputs' dispatch, the public face
///   ready.cc          what goes out and what is held until it is durable
///   election.cc       terms, votes, pre-vote, timeouts, check-quorum (§5.2, §5.4.1; dissertation
///                     §6.2, §9.6)
///   replication.cc    the log: append, match, conflict, progress, flow control (§5.3)
///   commit.cc         the commit rule and the configuration in force (§5.4.2, §6)
///   change.cc         changing the configuration, and who counts as a member (§6)
///   send_snapshot.cc, receive_snapshot.cc  snapshots for followers that lag too far (§7)
///   log_tail.cc       what of the log stays for them, in memory or on disk, and its way from there
///   read.cc           heartbeat rounds, read index, lease (§8; dissertation §6.4)
///   transfer.cc       handing leadership over (dissertation §3.10)
///   invariants.cc     what must hold after each input

#include <deque>
#include <map>
#include <set>
#include <utility>

#include "raft/core/configuration.h"
#include "raft/core/log.h"
#include "raft/core/membership.h"
#include "raft/core/node.h"
#include "raft/core/progress.h"

namespace conclave::raft {

struct Node::State {
  State(NodeId self_id, const Options& chosen, InitialState initial, Rng seeded);

  // --- identity and time
  const NodeId self;
  const Incarnation incarnation;
  const Options options;
  Rng rng;
  std::uint64_t ticks = 0;

  // --- Figure 2, persistent
  HardState hard_state;
  Log log;

  // --- Figure 2, volatile
  Index commit_index;
  Index applied_index;
  Index applying_index;  ///< Handed out in Ready::committed.
  Role role = Role::follower;
  NodeId leader;

  // --- configurations: the one at the base, then those in the log
  std::vector<std::pair<Index, Configuration>> configurations;

  // --- writes and what waits for them (ready.cc)
  bool hard_state_changed = false;
  std::optional<LogBase> new_log_base;  ///< The log on disk is replaced with the next batch.
  std::uint64_t last_batch = 0;
  bool write_in_flight = false;
  struct Held {
    std::uint64_t batch;  ///< Goes out when this batch is durable.
    Message message;
  };
  std::deque<Held> held;
  /// Candidate's own vote counts once this batch is durable; 0 = not waiting.
  std::uint64_t own_vote_batch = 0;
  std::vector<Message> outbox;

  // --- elections
  std::uint64_t election_elapsed = 0;
  std::uint64_t election_timeout = 0;
  std::uint64_t ticks_since_leader = 0;
  std::map<NodeId, bool> votes;
  /// The last word of any leader: whatever happened to the term since, that leader may still hold a
  /// lease which this server helped to give.
  struct HeardLeader {
    Term term;
    std::uint64_t tick = 0;
    std::uint64_t round = 0;  ///< The latest one acknowledged; 0 = none in this term.
  };
  std::optional<HeardLeader> heard;

  // --- leader only
  std::map<NodeId, Progress> peers;
  Index term_start_index;  ///< This leader's no-op.
  std::uint64_t heartbeat_elapsed = 0;
  std::uint64_t uncommitted_bytes = 0;
  struct Transfer {
    NodeId target;
    std::uint64_t start_tick = 0;
    bool timeout_now_sent = false;
  };
  std::optional<Transfer> transfer;

  std::vector<LogRead> log_reads;

  // --- snapshots: as leader (send_snapshot.cc)
  std::optional<SnapshotMeta> offered;
  bool snapshot_wanted = false;
  std::optional<Index> snapshot_asked;  ///< What was applied then: the snapshot will hold it.
  std::vector<SnapshotRead> snapshot_reads;
  // --- as follower (receive_snapshot.cc)
  struct Receiving {
    SnapshotMeta snapshot;
    std::uint64_t next_offset = 0;
    bool storing = false;     ///< A chunk is with the host.
    bool installing = false;  ///< All of it is: log, commit index and role stand still.
    Term term;                ///< Of the last leader that sent some of it; 0 = before the start.
  };
  std::optional<Receiving> receiving;
  std::optional<SnapshotChunk> snapshot_chunk;
  std::optional<SnapshotMeta> install;

  // --- rounds and reads (read.cc)
  std::uint64_t last_round = 0;
  std::deque<std::pair<std::uint64_t, std::uint64_t>>
      rounds;  ///< Round and the tick it was sent in.
  std::optional<std::uint64_t> lease_start;
  std::uint64_t last_read = 0;
  std::vector<ReadId> reads_asked;  ///< Not in a round yet.
  struct PendingRead {
    std::uint64_t round;
    ReadPoint point;
  };
  std::deque<PendingRead> reads_in_round;
  std::vector<ReadPoint> reads_ready;
  std::vector<ReadId> reads_failed;

  // --- what invariants.cc compares with
  mutable HardState seen_hard_state;
  mutable Index seen_commit_index;
  mutable Index seen_applied_index;

  // node.cc
  void tick();
  void receive(Message message);
  void dispatch(Message& message);

  // ready.cc
  bool may_hand_out_committed() const;
  bool has_ready() const;
  bool has_unwritten() const;
  Ready take_ready();
  void persisted(std::uint64_t batch);
  void send(const NodeId& to, MessageBody body);
  void send_when_durable(const NodeId& to, MessageBody body);
  std::uint64_t batch_to_wait_for() const;

  // election.cc
  void become_follower(Term term, const NodeId& new_leader);
  void start_election();
  void start_pre_vote();
  void start_vote(std::uint64_t transfer_round = 0);
  void request_votes(bool pre_vote, std::uint64_t transfer_round = 0);
  void count_vote(const NodeId& from, bool granted);
  void become_leader();
  void reset_election_timer();
  void set_term(Term term);
  bool log_is_up_to_date(Index last_index, Term last_term) const;
  bool leader_is_recent() const;
  bool may_vote_now(const Message& message, const RequestVote& request) const;
  bool just_started() const;
  bool confirmed_no_other() const;
  void check_quorum();
  void on_request_vote(const Message& message, const RequestVote& request);
  void on_pre_vote(const Message& message, const RequestVote& request);
  void on_request_vote_reply(const Message& message, const RequestVoteReply& reply);

  // replication.cc
  Result<Index> propose(std::string payload);
  Index append_as_leader(EntryKind kind, std::string payload);
  void append_to_log(Entry entry);
  void truncate_log_from(Index from);
  void send_append(const NodeId& to, Progress& progress);
  void send_appends();
  void send_entries(const NodeId& to, Progress& progress, std::vector<Entry> entries);
  void heard_leader(const NodeId& from);
  void on_append_entries(const Message& message, AppendEntries& request);
  void on_append_entries_reply(const Message& message, const AppendEntriesReply& reply);
  void on_rejected_append(const Message& message, const AppendEntriesReply& reply);
  AppendEntriesReply reject_append(const AppendEntries& request) const;

  // commit.cc
  void advance_leader_commit();
  Index shared_commit_index() const;
  bool lacks_only_commit(const Progress& progress, Index index) const;
  void share_commit_index(Index index);
  void set_commit_index(Index index);
  const Configuration& configuration() const { return configurations.back().second; }
  void note_configuration(const Entry& entry);
  bool own_term_committed() const;

  // change.cc
  Result<Index> change_membership(std::span<const MembershipChange> changes);
  Index append_configuration(const Configuration& next_configuration);
  void follow_configuration();
  void step_down_for_good();
  void watch_learners();
  void update_peers();
  bool is_own_vote() const;
  bool may_campaign() const;
  bool is_foreign(const Message& message) const;

  // send_snapshot.cc
  bool is_usable(const SnapshotMeta& snapshot) const;
  void offer_snapshot(SnapshotMeta snapshot);
  void lose_snapshot(const std::string& id);
  void feed_snapshot(const NodeId& to, Progress& progress);
  void retry_snapshot(const NodeId& to, Progress& progress);
  void send_chunk(const NodeId& to, const std::string& id, std::uint64_t offset, std::string data);
  void on_install_snapshot_reply(const Message& message, const InstallSnapshotReply& reply);
  bool is_sending_snapshot() const;

  // log_tail.cc
  std::optional<Index> tail_for(const Progress& progress) const;
  Index unloading_point(Index through) const;
  Index compaction_point(Index through) const;
  void read_entries(const NodeId& to, Progress& progress);
  Progress* waits_for(const LogRead& read);
  void entries_read(const LogRead& read, std::vector<Entry> entries);
  void entries_lost(const LogRead& read);

  // receive_snapshot.cc
  bool is_installing() const;
  void on_install_snapshot(const Message& message, InstallSnapshot& chunk);
  void report_offset();
  void acknowledge_commit_index();
  void chunk_stored(const std::string& id, std::uint64_t next_offset);
  void chunk_refused(const std::string& id);
  void snapshot_installed();

  // read.cc
  Result<ReadId> request_read();
  bool wants_round() const;
  void start_round();
  void confirm_rounds();
  void fail_reads();
  void on_heartbeat(const Message& message, const Heartbeat& heartbeat);
  void on_heartbeat_reply(const Message& message, const HeartbeatReply& reply);

  // transfer.cc
  Result<void> transfer_leadership(NodeId target);
  NodeId best_successor() const;
  void continue_transfer();
  void send_timeout_now();
  bool is_transfer_vote(const Message& message, const RequestVote& request) const;
  void on_timeout_now(const Message& message, const TimeoutNow& order);

  // invariants.cc
  void check_invariants() const;
};

}  // namespace conclave::raft
