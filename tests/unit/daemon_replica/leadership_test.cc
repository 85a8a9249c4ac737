/// The replica while leaders come and go: who may read, what becomes of proposals, what other
/// leaders' entries do.

#include <fmt/format.h>

#include "daemon/replica/raft_replica.h"
#include "daemon/state/job.h"
#include "tests/unit/daemon_replica/fixture.h"

namespace conclave::daemon {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

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

TEST_F(ReplicaTest, leadership_is_announced_after_the_noop_is_applied) {
  start();
  EXPECT_TRUE(leadership.empty());
  settle();
  EXPECT_EQ(leadership, (std::vector<bool>{true}));
  EXPECT_TRUE(store.leads);
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
  EXPECT_FALSE(store.leads);
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
  // By its own vote, so that it leads at once.
  initial.hard_state = {raft::Term{2}, raft::NodeId{servers.front()}};
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

}  // namespace
}  // namespace conclave::daemon
