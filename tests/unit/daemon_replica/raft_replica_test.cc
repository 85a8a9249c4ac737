#include "daemon/replica/raft_replica.h"

#include <fmt/format.h>

#include <thread>

#include "daemon/state/job.h"
#include "tests/unit/daemon_replica/fixture.h"

namespace conclave::daemon {
namespace {

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

TEST_F(ReplicaTest, the_time_of_a_command_is_counted_for_what_it_is) {
  start_leading();
  propose(set_key("a"));
  run();
  clock.boot += std::chrono::milliseconds(3);
  settle();
  const std::string text = metrics.prometheus_text();
  for (const char* line :
       {"consul_kvs_apply_count 1\n", "consul_kvs_apply_sum 3\n", "consul_txn_apply_count 0\n",
        "consul_session_apply_count 0\n", "consul_catalog_register_count 0\n",
        "consul_catalog_deregister_count 0\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line;
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
  store.use.data_bytes = 500;
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
