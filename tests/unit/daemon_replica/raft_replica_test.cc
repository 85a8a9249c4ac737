#include "daemon/replica/raft_replica.h"

#include <fmt/format.h>

#include <thread>

#include "daemon/state/job.h"
#include "tests/unit/daemon_replica/fixture.h"

namespace conclave::daemon {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_F(ReplicaTest, a_proposal_has_its_outcome_after_one_write) {
  start_leading();
  const int writes = log.writes;
  const Answer answer = propose(set_key("a"));
  run();
  EXPECT_FALSE(*answer);
  EXPECT_TRUE(write());
  ASSERT_TRUE(*answer);
  ASSERT_TRUE((*answer)->has_value());
  EXPECT_TRUE((**answer)->done);
  EXPECT_EQ((**answer)->revision, 2U);
  EXPECT_EQ(log.writes, writes + 1);
}

TEST_F(ReplicaTest, the_proposals_of_one_turn_are_one_entry) {
  start_leading();
  const int writes = log.writes;
  std::vector<Answer> answers;
  for (int i = 0; i < 50; ++i) answers.push_back(propose(set_key(std::to_string(i))));
  settle();
  EXPECT_EQ(log.writes, writes + 1);
  EXPECT_EQ(payload_of_last_entry().commands.size(), 50U);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    ASSERT_TRUE(*answers[i] && (*answers[i])->has_value());
    EXPECT_EQ((**answers[i])->revision, i + 2);  // In the order of arrival.
  }
}

TEST_F(ReplicaTest, what_arrives_during_a_write_is_the_next_entry) {
  start_leading();
  const int writes = log.writes;
  const Answer first = propose(set_key("first"));
  run();
  std::vector<Answer> others;
  for (int i = 0; i < 10; ++i) {
    others.push_back(propose(set_key(std::to_string(i))));
    run();
  }
  EXPECT_EQ(log.writes, writes + 1);
  write();
  EXPECT_TRUE(*first);
  EXPECT_FALSE(*others[0]);
  EXPECT_EQ(log.writes, writes + 2);
  EXPECT_EQ(payload_of_last_entry().commands.size(), 10U);
  write();
  for (const Answer& answer : others) EXPECT_TRUE(*answer);
}

TEST_F(ReplicaTest, a_batch_is_one_transaction_and_one_change_set) {
  start_leading();
  const int commits = store.commits;
  propose(set_key("a"));
  propose(set_key("b"));
  settle();
  EXPECT_EQ(store.commits, commits + 1);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0]->revision, 3U);
}

TEST_F(ReplicaTest, listeners_hear_of_a_change_before_its_proposer) {
  make_replica();
  Answer answer;
  bool told_early = false;
  replica->on_changes([&](const auto&) { told_early = answer && *answer; });
  start_host();
  settle();
  answer = propose(set_key("a"));
  settle();
  EXPECT_TRUE(*answer);
  EXPECT_FALSE(told_early);
  EXPECT_EQ(changes.size(), 1U);
}

TEST_F(ReplicaTest, entries_that_change_nothing_are_not_announced_but_counted) {
  start_leading();
  const auto applied = store.applied();
  propose(delete_key("not there"));
  settle();
  EXPECT_TRUE(changes.empty());
  EXPECT_EQ(store.applied().index, applied.index + 1);
  EXPECT_EQ(store.applied().term, 2U);
}

TEST_F(ReplicaTest, a_refused_command_is_an_outcome_and_no_error) {
  start_leading();
  KvOp op;
  op.verb = KvVerb::lock;
  op.key = "k";
  op.session = "no such session";
  const Answer answer = propose({op, {}});
  settle();
  ASSERT_TRUE(*answer && (*answer)->has_value());
  EXPECT_FALSE((**answer)->error.empty());
}

TEST_F(ReplicaTest, the_entry_is_the_record_of_its_payload) {
  start_leading();
  clock.boot += seconds(5);
  const Command command = set_key("a", "value", "request-1");
  propose(command);
  settle();
  const EntryPayload payload = payload_of_last_entry();
  EXPECT_EQ(payload.feature_level, entry_feature_level);
  EXPECT_EQ(payload.cluster_time_ms, 5000U);
  EXPECT_EQ(payload.wall_time, clock.wall);
  EXPECT_EQ(payload.commands, (std::vector<Command>{command}));
  EXPECT_EQ(api::encode_record(payload), log.written.back().payload);
}

TEST_F(ReplicaTest, an_entry_stays_within_its_byte_limit) {
  start_leading();
  const int writes = log.writes;
  for (int i = 0; i < 3; ++i) propose(set_key(std::to_string(i), std::string(2 << 20, 'x')));
  settle();
  EXPECT_EQ(log.writes, writes + 3);
  for (const raft::Entry& entry : log.written) EXPECT_LE(entry.payload.size(), command_bytes_max);
}

TEST_F(ReplicaTest, a_command_over_the_limit_is_refused) {
  start_leading();
  const Answer answer = propose(set_key("k", std::string(command_bytes_max, 'x')));
  run();
  ASSERT_TRUE(*answer);
  EXPECT_EQ((*answer)->error().code, ErrorCode::too_large);
}

TEST_F(ReplicaTest, proposals_made_before_there_is_a_leader_wait_for_it) {
  start();
  const Answer answer = propose(set_key("a"));
  run();
  EXPECT_FALSE(*answer);
  settle();
  ASSERT_TRUE(*answer);
  EXPECT_TRUE((*answer)->has_value());
}

TEST_F(ReplicaTest, without_a_leader_a_proposal_is_answered_after_the_hold_timeout) {
  servers = {"a", "b", "c"};
  start();
  const Answer answer = propose(set_key("a"));
  const Permit permit = read(Consistency::standard);
  wait(milliseconds(6900));
  EXPECT_FALSE(*answer);
  EXPECT_FALSE(*permit);
  wait(milliseconds(200));
  ASSERT_TRUE(*answer);
  EXPECT_EQ((*answer)->error(), (Error{ErrorCode::no_leader, "No cluster leader"}));
  ASSERT_TRUE(*permit);
  EXPECT_EQ((*permit)->error(), (Error{ErrorCode::no_leader, "No cluster leader"}));
}

TEST_F(ReplicaTest, a_slow_disk_is_not_a_missing_leader) {
  start_leading();
  const Answer answer = propose(set_key("a"));
  run();
  const Answer queued = propose(set_key("b"));
  wait(seconds(60));
  EXPECT_FALSE(*answer);
  EXPECT_FALSE(*queued);
  settle();
  EXPECT_TRUE((*answer)->has_value());
  EXPECT_TRUE((*queued)->has_value());
}

TEST_F(ReplicaTest, too_many_waiting_proposals_are_refused) {
  options.proposals_max = 2;
  start_leading();
  const Answer first = propose(set_key("1"));
  const Answer second = propose(set_key("2"));
  run();
  const Answer third = propose(set_key("3"));
  run();
  ASSERT_TRUE(*third);
  EXPECT_EQ((*third)->error().code, ErrorCode::too_many);
  settle();
  EXPECT_TRUE((*first)->has_value());
  EXPECT_TRUE((*second)->has_value());
  const Answer fourth = propose(set_key("4"));
  settle();
  EXPECT_TRUE((*fourth)->has_value());
}

TEST_F(ReplicaTest, the_bytes_of_waiting_proposals_are_bounded) {
  options.proposal_bytes_max = 1000;
  start_leading();
  propose(set_key("1", std::string(900, 'x')));
  const Answer second = propose(set_key("2", std::string(900, 'x')));
  run();
  ASSERT_TRUE(*second);
  EXPECT_EQ((*second)->error().code, ErrorCode::too_many);
}

TEST_F(ReplicaTest, leadership_is_announced_after_the_noop_is_applied) {
  start();
  EXPECT_TRUE(leadership.empty());
  settle();
  EXPECT_EQ(leadership, (std::vector<bool>{true}));
  const LeaderInfo info = replica->leader();
  EXPECT_TRUE(info.is_leader);
  EXPECT_EQ(info.leader_id, "a");
  EXPECT_EQ(info.leader_address, "a:8300");
  EXPECT_EQ(info.term, 2U);
}

TEST_F(ReplicaTest, a_lone_leader_permits_every_read_at_once) {
  start();
  ReadPermit permit;
  EXPECT_FALSE(replica->read_permit_now(Consistency::standard, permit));
  settle();
  for (const auto c : {Consistency::standard, Consistency::consistent, Consistency::stale}) {
    EXPECT_TRUE(replica->read_permit_now(c, permit));
    EXPECT_TRUE(permit.known_leader);
    EXPECT_EQ(permit.last_contact_ms, 0U);
  }
  clock.boot += seconds(100000);
  EXPECT_TRUE(replica->read_permit_now(Consistency::standard, permit));
}

TEST_F(ReplicaTest, a_read_that_waits_for_a_leader_is_answered_by_it) {
  start();
  const Permit permit = read(Consistency::standard);
  EXPECT_FALSE(*permit);
  settle();
  ASSERT_TRUE(*permit);
  EXPECT_TRUE((*permit)->has_value());
}

TEST_F(ReplicaTest, a_stale_read_without_a_leader_tells_the_truth) {
  servers = {"a", "b", "c"};
  start();
  wait(milliseconds(400));
  ReadPermit permit;
  ASSERT_TRUE(replica->read_permit_now(Consistency::stale, permit));
  EXPECT_FALSE(permit.known_leader);
  EXPECT_EQ(permit.last_contact_ms, 400U);
  answer(1, raft::Heartbeat{1, raft::Index{0}});
  replica->tick();
  ASSERT_TRUE(replica->read_permit_now(Consistency::stale, permit));
  EXPECT_TRUE(permit.known_leader);
  EXPECT_LE(permit.last_contact_ms, 50U);
}

TEST_F(ReplicaTest, a_lease_ends_by_the_clock_even_if_no_tick_fires) {
  servers = {"a", "b", "c"};
  start();
  lead_three();
  clock.boot += milliseconds(50);
  replica->tick();
  answer(2, raft::HeartbeatReply{std::get<raft::Heartbeat>(peers.sent.back().body).round});
  clock.boot += milliseconds(50);
  replica->tick();
  ReadPermit permit;
  EXPECT_TRUE(replica->read_permit_now(Consistency::standard, permit));
  EXPECT_FALSE(replica->read_permit_now(Consistency::consistent, permit));
  clock.boot += milliseconds(400);  // The process was paused: no ticks.
  EXPECT_FALSE(replica->read_permit_now(Consistency::standard, permit));
}

TEST_F(ReplicaTest, a_consistent_read_waits_for_a_round) {
  servers = {"a", "b", "c"};
  start();
  lead_three();
  const Permit permit = read(Consistency::consistent);
  EXPECT_FALSE(*permit);
  answer(2, raft::HeartbeatReply{std::get<raft::Heartbeat>(peers.sent.back().body).round});
  ASSERT_TRUE(*permit);
  EXPECT_TRUE((*permit)->has_value());
}

TEST_F(ReplicaTest, proposals_survive_a_step_down_if_the_next_leader_has_them) {
  servers = {"a", "b", "c"};
  start();
  lead_three();
  const Answer answered = propose(set_key("a"));
  settle();
  const raft::Index index = host->node().last_index();
  answer(3, raft::Heartbeat{1, raft::Index{0}});
  EXPECT_EQ(leadership, (std::vector<bool>{true, false}));
  EXPECT_FALSE(*answered);
  answer(3, raft::AppendEntries{index, raft::Term{2}, {}, index});
  settle();
  ASSERT_TRUE(*answered);
  EXPECT_TRUE((*answered)->has_value());
}

TEST_F(ReplicaTest, an_overwritten_proposal_is_proposed_again) {
  servers = {"a", "b", "c"};
  start();
  lead_three();
  const Answer answered = propose(set_key("a"));
  settle();
  const raft::Index index = host->node().last_index();
  const raft::Entry other{raft::Term{3}, index, raft::EntryKind::noop, {}};
  answer(3, raft::AppendEntries{raft::previous(index), raft::Term{2}, {other}, index});
  settle();
  EXPECT_FALSE(*answered);
  // It leads again, and makes good.
  for (int i = 0; i < 30 && host->node().role() == raft::Role::follower; ++i) {
    clock.boot += milliseconds(50);
    replica->tick();
  }
  answer(3, raft::RequestVoteReply{raft::Term{4}, true, true});
  settle();
  answer(4, raft::RequestVoteReply{raft::Term{4}, false, true});
  settle();
  acknowledge();
  settle();
  acknowledge();
  settle();
  ASSERT_TRUE(*answered);
  ASSERT_TRUE((*answered)->has_value());
  EXPECT_TRUE((**answered)->done);
}

TEST_F(ReplicaTest, what_stays_undecided_after_lost_leadership_is_unknown) {
  servers = {"a", "b", "c"};
  start();
  lead_three();
  const Answer in_log = propose(set_key("a"));
  settle();
  answer(3, raft::Heartbeat{1, raft::Index{0}});
  const Answer queued = propose(set_key("b"));
  wait(milliseconds(7100));
  ASSERT_TRUE(*in_log);
  EXPECT_EQ((*in_log)->error().code, ErrorCode::unknown_outcome);
  ASSERT_TRUE(*queued);
  EXPECT_EQ((*queued)->error().code, ErrorCode::no_leader);
}

TEST_F(ReplicaTest, another_leaders_entries_are_decoded_and_applied) {
  servers = {"a", "b", "c"};
  start();
  EntryPayload payload;
  payload.cluster_time_ms = 77;
  payload.commands = {set_key("from b")};
  const raft::Entry entry{raft::Term{2}, raft::Index{2}, raft::EntryKind::command,
                          api::encode_record(payload)};
  answer(2, raft::AppendEntries{raft::Index{1}, raft::Term{1}, {entry}, raft::Index{2}});
  settle();
  EXPECT_EQ(changes.size(), 1U);
  EXPECT_EQ(replica->cluster_time_ms(), 77U);
  EXPECT_EQ(stored_cluster_time_ms(store.rows()), 77U);
}

TEST_F(ReplicaTest, an_entry_that_cannot_be_decoded_stops_the_server) {
  initial.hard_state.current_term = raft::Term{1};
  initial.entries = {raft::first_entry(raft::voters(servers)),
                     {raft::Term{1}, raft::Index{2}, raft::EntryKind::command, "\xff\xff"}};
  initial.commit_index = raft::Index{2};
  EXPECT_DEATH(start(), "cannot be decoded");
}

TEST_F(ReplicaTest, an_entry_of_a_later_feature_level_stops_the_server) {
  EntryPayload payload;
  payload.feature_level = supported_feature_level + 1;
  initial.hard_state.current_term = raft::Term{1};
  initial.entries = {
      raft::first_entry(raft::voters(servers)),
      {raft::Term{1}, raft::Index{2}, raft::EntryKind::command, api::encode_record(payload)}};
  initial.commit_index = raft::Index{2};
  EXPECT_DEATH(start(), "feature level");
}

TEST_F(ReplicaTest, growth_is_refused_over_the_quota_and_recovers_by_itself) {
  options.quota_bytes = 1000;
  start_leading();
  store.use.data_bytes = 1001;
  wait(seconds(1));
  const Answer growing = propose(set_key("a"));
  const Answer shrinking = propose(delete_key("a"));
  settle();
  ASSERT_TRUE(*growing);
  ASSERT_FALSE((*growing)->has_value());
  EXPECT_EQ((*growing)->error().code, ErrorCode::failed);
  EXPECT_NE((*growing)->error().message.find("1001 bytes and its quota is 1000"),
            std::string::npos);
  ASSERT_TRUE(*shrinking);
  EXPECT_TRUE((*shrinking)->has_value());
  store.use.data_bytes = 1000;
  wait(seconds(1));
  const Answer again = propose(set_key("a"));
  settle();
  EXPECT_TRUE((*again)->has_value());
}

TEST_F(ReplicaTest, growth_is_refused_when_the_disk_runs_full) {
  options.free_space_min_bytes = 1 << 20;
  start_leading();
  store.use.disk_free_bytes = (1 << 20) - 1;
  wait(seconds(1));
  const Answer growing = propose(set_key("a"));
  run();
  ASSERT_TRUE(*growing);
  EXPECT_NE((*growing)->error().message.find("must stay free"), std::string::npos);
}

TEST_F(ReplicaTest, cluster_time_counts_while_leading_and_never_goes_back) {
  start();
  clock.boot += seconds(30);  // Not leading yet: stands still.
  EXPECT_EQ(replica->cluster_time_ms(), 0U);
  settle();
  clock.boot += seconds(10);
  EXPECT_EQ(replica->cluster_time_ms(), 10000U);
  propose(set_key("a"));
  settle();
  clock.boot -= seconds(5);  // A clock that does what it must not.
  EXPECT_EQ(replica->cluster_time_ms(), 10000U);
  EXPECT_EQ(stored_cluster_time_ms(store.rows()), 10000U);
}

TEST_F(ReplicaTest, a_large_removal_is_answered_after_its_last_part) {
  start_leading();
  const std::size_t keys = command_rows_max + 500;
  for (std::size_t i = 0; i < keys; ++i) propose(set_key(fmt::format("tree/{:06}", i), ""));
  settle();
  const Answer removal = propose(delete_tree("tree/"));
  write();
  EXPECT_FALSE(*removal);
  EXPECT_FALSE(open_jobs(store.rows()).empty());
  settle();
  ASSERT_TRUE(*removal);
  ASSERT_TRUE((*removal)->has_value());
  EXPECT_TRUE((**removal)->done);
  EXPECT_EQ((**removal)->job, 0U);
  EXPECT_TRUE(open_jobs(store.rows()).empty());
}

TEST_F(ReplicaTest, a_new_leader_resumes_left_over_removals) {
  start_leading();
  const std::size_t keys = command_rows_max + 500;
  for (std::size_t i = 0; i < keys; ++i) propose(set_key(fmt::format("tree/{:06}", i), ""));
  settle();
  propose(delete_tree("tree/"));
  write();
  ASSERT_FALSE(open_jobs(store.rows()).empty());
  replica->stop();
  run();
  // The same state under a new process.
  const raft::Index last = host->node().applied_index();
  initial = {};
  initial.hard_state.current_term = raft::Term{2};
  initial.configuration = raft::voters(servers);
  initial.base_index = initial.applied_index = initial.commit_index = last;
  initial.base_term = raft::Term{2};
  initial.entries = {{raft::Term{2}, raft::next(last), raft::EntryKind::noop, {}}};
  log.writing = nullptr;
  host.reset();
  make_replica();
  start_host();
  settle();
  EXPECT_TRUE(open_jobs(store.rows()).empty());
}

TEST_F(ReplicaTest, the_same_request_id_is_applied_once) {
  start_leading();
  const Answer first = propose(set_key("a", "1", "request"));
  settle();
  const Answer again = propose(set_key("a", "1", "request"));
  settle();
  ASSERT_TRUE(*first && *again);
  EXPECT_EQ(**first, **again);
  EXPECT_EQ(changes.size(), 1U);
}

TEST_F(ReplicaTest, a_checkpoint_releases_the_log) {
  start_leading();
  store.checkpoint({2, 2});
  EXPECT_EQ(log.released, raft::Index{2});
}

TEST_F(ReplicaTest, shutting_down_answers_everybody) {
  start_leading();
  const Answer answer = propose(set_key("a"));
  run();
  replica->stop();
  run();
  ASSERT_TRUE(*answer);
  EXPECT_EQ((*answer)->error().code, ErrorCode::unknown_outcome);
  const Answer late = propose(set_key("b"));
  run();
  EXPECT_EQ((*late)->error().code, ErrorCode::unavailable);
}

struct Visit {
  std::thread::id after_proposal;
  std::thread::id after_read;
};

Task<void> visit(RaftReplica& replica, Loop& own, Visit& seen) {
  const Result<Outcome> outcome = co_await replica.propose(set_key("from a front"));
  EXPECT_TRUE(outcome && outcome->done);
  seen.after_proposal = std::this_thread::get_id();
  const Result<ReadPermit> permit = co_await replica.read_permit(Consistency::consistent);
  EXPECT_TRUE(permit && permit->known_leader);
  seen.after_read = std::this_thread::get_id();
  own.stop();
}

TEST_F(ReplicaTest, a_caller_on_another_loop_resumes_there) {
  start_leading();
  log.complete_on = &loop;
  Loop front("front");
  Visit seen;
  front.spawn("visit", visit(*replica, front, seen));
  std::thread main_thread([this] { loop.run(); });
  front.run();
  loop.stop();
  main_thread.join();
  EXPECT_EQ(seen.after_proposal, std::this_thread::get_id());
  EXPECT_EQ(seen.after_read, std::this_thread::get_id());
  EXPECT_EQ(changes.size(), 1U);
}

}  // namespace
}  // namespace conclave::daemon
