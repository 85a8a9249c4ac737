/// Commands on servers that do not lead: they reach the leader once, or their outcome is said to be
/// unknown.

#include <fmt/format.h>

#include "daemon/replica/leader_calls.h"
#include "daemon/state/job.h"
#include "tests/unit/daemon_replica/cluster_fixture.h"

namespace conclave::daemon {
namespace {

using api::RpcMethod;
using std::chrono::milliseconds;
using std::chrono::seconds;

using Forward = ReplicaClusterTest;

std::string call_with(const Command& command) {
  ProposeCall call;
  call.commands.push_back(api::encode_record(command));
  return api::encode_record(call);
}

Task<void> call_into(MemoryCalls& calls, std::string body,
                     std::optional<Result<std::string>>& reply) {
  reply = co_await calls.answer(RpcMethod::propose, std::move(body));
}

TEST_F(Forward, a_command_on_a_follower_has_its_outcome_from_the_leader) {
  start();
  const Answer answer = propose("b", set_key("k"));
  run();
  ASSERT_TRUE(done(answer));
  EXPECT_EQ((**answer)->revision, 2U);
  tick();
  for (const auto& name : names) EXPECT_EQ(revision(name), 2U) << name;
  EXPECT_EQ(calls("b", RpcMethod::propose), 1);
  EXPECT_EQ(metric("b", "conclave_replica_forwarded"), "1");
  EXPECT_EQ(metric("b", "conclave_replica_forward_failed"), "0");
  EXPECT_EQ(metric("a", "conclave_replica_forwarded"), "0");
}

TEST_F(Forward, what_one_turn_brings_is_one_call_and_one_entry) {
  start();
  const int writes = servers.at("a")->log.writes;
  std::vector<Answer> answers;
  for (int i = 0; i < 50; ++i) answers.push_back(propose("b", set_key(std::to_string(i))));
  run();
  for (std::size_t i = 0; i < answers.size(); ++i) {
    ASSERT_TRUE(done(answers[i]));
    EXPECT_EQ((**answers[i])->revision, i + 2);  // In their order.
  }
  EXPECT_EQ(calls("b", RpcMethod::propose), 1);
  EXPECT_EQ(servers.at("a")->log.writes, writes + 1);
}

TEST_F(Forward, calls_under_way_are_bounded_and_what_waits_joins_the_next) {
  options.forward_calls_max = 2;
  start();
  held_calls.insert("a");
  std::vector<Answer> answers;
  for (int i = 0; i < 10; ++i) {
    answers.push_back(propose("b", set_key(std::to_string(i))));
    run();
  }
  EXPECT_EQ(calls("b", RpcMethod::propose), 2);
  release_calls();
  for (const Answer& answer : answers) EXPECT_TRUE(done(answer));
  EXPECT_EQ(calls("b", RpcMethod::propose), 3);
}

TEST_F(Forward, calls_to_a_leader_that_is_gone_are_not_in_the_way_of_the_next) {
  options.forward_calls_max = 1;
  start();
  held_calls.insert("a");  // It hangs, and its connections do not end.
  const Answer hanging = propose("c", set_key("1"));
  run();
  const Answer answer = propose("c", set_key("2"));
  run();
  cut("a");
  elect("b");
  tick();
  EXPECT_TRUE(done(answer));
  EXPECT_FALSE(*hanging);
}

TEST_F(Forward, a_call_that_hangs_is_no_leader) {
  options.forward_calls_max = 1;
  start();
  held_calls.insert("a");
  propose("c", set_key("1"));
  run();
  cut("a");
  cut("b");
  const Answer answer = propose("c", set_key("2"));
  wait(seconds(8));
  EXPECT_EQ(code_of(answer), ErrorCode::no_leader);
}

TEST_F(Forward, the_bytes_of_one_call_are_bounded) {
  options.forward_bytes_max = 1000;
  start();
  std::vector<Answer> answers;
  for (int i = 0; i < 4; ++i) {
    answers.push_back(propose("b", set_key(std::to_string(i), std::string(600, 'x'))));
  }
  run();
  for (const Answer& answer : answers) EXPECT_TRUE(done(answer));
  EXPECT_EQ(calls("b", RpcMethod::propose), 4);
}

TEST_F(Forward, refusals_and_conditions_come_back_as_they_are) {
  start();
  KvOp lock{.verb = KvVerb::lock, .key = "k", .session = "nobody's"};
  const Answer refused = propose("b", {lock, {}});
  KvOp cas{.verb = KvVerb::cas, .key = "not there", .index = 7};
  const Answer unchanged = propose("b", {cas, {}});
  run();
  ASSERT_TRUE(*refused && (*refused)->has_value());
  EXPECT_FALSE((**refused)->error.empty());
  ASSERT_TRUE(*unchanged && (*unchanged)->has_value());
  EXPECT_FALSE((**unchanged)->done);
}

TEST_F(Forward, without_a_leader_commands_wait_for_one) {
  make();
  start_hosts();
  const Answer answer = propose("b", set_key("k"));
  for (std::uint32_t i = 0; i < raft::test_options().start_guard_ticks(); ++i) tick();
  EXPECT_FALSE(*answer);
  elect("a");
  tick();
  EXPECT_TRUE(done(answer));
}

TEST_F(Forward, without_a_leader_in_time_nothing_was_done) {
  start();
  cut("b");
  const Answer answer = propose("b", set_key("k"));
  wait(milliseconds(6900));
  EXPECT_FALSE(*answer);
  wait(milliseconds(300));
  ASSERT_TRUE(*answer);
  EXPECT_EQ((*answer)->error(), (Error{ErrorCode::no_leader, "No cluster leader"}));
  EXPECT_NE(metric("b", "conclave_replica_forward_failed"), "0");
  heal("b");
  wait(seconds(2));
  EXPECT_EQ(revision("a"), 1U);
}

TEST_F(Forward, who_refuses_is_asked_again_once_a_tick) {
  start();
  cut("b");
  propose("b", set_key("k"));
  run();
  const int before = calls("b", RpcMethod::propose);
  tick_one(*servers.at("b"));
  tick_one(*servers.at("b"));
  EXPECT_EQ(calls("b", RpcMethod::propose), before + 2);
}

TEST_F(Forward, a_server_that_does_not_lead_sends_nothing_on) {
  start();
  std::optional<Result<std::string>> reply;
  loop.spawn("call", call_into(servers.at("b")->calls, call_with(set_key("k")), reply));
  run();
  ASSERT_TRUE(reply);
  ASSERT_FALSE(reply->has_value());
  EXPECT_EQ(reply->error().code, ErrorCode::no_leader);
  EXPECT_EQ(calls("b", RpcMethod::propose), 0);
  EXPECT_EQ(revision("a"), 1U);
}

TEST_F(Forward, bytes_that_are_no_commands_are_refused) {
  start();
  for (const char* body : {"\xff\xff", ""}) {
    std::optional<Result<std::string>> reply;
    loop.spawn("call", call_into(servers.at("a")->calls, body, reply));
    run();
    ASSERT_TRUE(reply && !reply->has_value());
    EXPECT_EQ(reply->error().code, ErrorCode::bad_request);
  }
}

TEST_F(Forward, a_command_that_the_leader_cannot_read_is_refused_alone) {
  start();
  ProposeCall call;
  call.commands = {api::encode_record(set_key("k")), "\xff\xff"};
  std::optional<Result<std::string>> reply;
  loop.spawn("call", call_into(servers.at("a")->calls, api::encode_record(call), reply));
  run();
  ASSERT_TRUE(reply && reply->has_value());
  const auto answers = api::decode_record<ProposeAnswers>(**reply);
  ASSERT_TRUE(answers && answers->answers.size() == 2);
  EXPECT_TRUE(answers->answers[0].outcome);
  EXPECT_FALSE(answers->answers[1].outcome);
  EXPECT_EQ(answers->answers[1].refusal, Refusal::failed);
}

TEST_F(Forward, held_during_a_transfer_and_sent_to_the_new_leader_afterwards) {
  start();
  ASSERT_TRUE(servers.at("a")->host->transfer_leadership(raft::NodeId{"b"}));
  const Answer own = propose("a", set_key("own"));
  const Answer other = propose("c", set_key("other"));
  run();
  for (int i = 0; i < 10 && !(done(own) && done(other)); ++i) tick();
  EXPECT_TRUE(leads("b"));
  EXPECT_TRUE(done(own));
  EXPECT_TRUE(done(other));
  EXPECT_EQ(revision("b"), 3U);
}

TEST_F(Forward, what_the_next_leader_overwrote_is_sent_to_it) {
  start();
  cut("a");
  std::vector<Answer> answers;
  for (int i = 0; i < 3; ++i) {
    answers.push_back(propose("a", set_key(std::to_string(i))));
    run();
  }
  EXPECT_EQ(servers.at("a")->host->node().last_index(), raft::Index{5});
  elect("b");
  heal("a");
  for (int i = 0; i < 5; ++i) tick();
  for (const Answer& answer : answers) EXPECT_TRUE(done(answer));
  EXPECT_EQ(revision("b"), 4U);  // Each once.
  EXPECT_EQ(servers.at("b")->changes, 1U);
}

TEST_F(Forward, what_the_next_leader_kept_has_its_outcome) {
  start();
  silent_links = {{"b", "a"}, {"c", "a"}};  // They get it and cannot say so.
  const Answer answer = propose("a", set_key("k"));
  run();
  cut("a");
  silent_links.clear();
  elect("b");
  heal("a");
  for (int i = 0; i < 5; ++i) tick();
  EXPECT_TRUE(done(answer));
  EXPECT_EQ(revision("b"), 2U);
  EXPECT_EQ(calls("a", RpcMethod::propose), 0);
}

TEST_F(Forward, an_answer_that_got_lost_is_an_unknown_outcome) {
  start();
  lost_answers.insert("a");
  const Answer answer = propose("b", set_key("k"));
  run();
  EXPECT_EQ(code_of(answer), ErrorCode::unknown_outcome);
  EXPECT_EQ(revision("a"), 2U);
  EXPECT_EQ(calls("b", RpcMethod::propose), 1);
}

TEST_F(Forward, under_a_request_id_it_is_asked_for_again_and_was_done_once) {
  start();
  lost_answers.insert("a");
  const Answer answer = propose("b", set_key("k", "v", "id"));
  run();
  tick();
  EXPECT_FALSE(*answer);
  lost_answers.clear();
  tick();
  ASSERT_TRUE(done(answer));
  EXPECT_EQ((**answer)->revision, 2U);
  EXPECT_EQ(revision("a"), 2U);
  EXPECT_GT(calls("b", RpcMethod::propose), 1);
}

TEST_F(Forward, under_a_request_id_the_next_leader_is_asked) {
  start();
  lost_answers.insert("a");
  silent_links = {{"b", "a"}, {"c", "a"}};
  const Answer answer = propose("b", set_key("k", "v", "id"));
  run();
  EXPECT_FALSE(*answer);  // On all disks; the leader does not know.
  cut("a");
  elect("b");
  tick();
  EXPECT_FALSE(*answer);
  replica("a").stop();  // Its connection ends.
  run();
  ASSERT_TRUE(done(answer));
  EXPECT_EQ((**answer)->revision, 2U);
  EXPECT_EQ(revision("b"), 2U);
  EXPECT_EQ(servers.at("b")->changes, 1U);
}

TEST_F(Forward, under_a_request_id_it_is_unknown_in_the_end) {
  start();
  lost_answers.insert("a");
  const Answer answer = propose("b", set_key("k", "v", "id"));
  wait(milliseconds(6800));
  EXPECT_FALSE(*answer);
  wait(milliseconds(500));
  EXPECT_EQ(code_of(answer), ErrorCode::unknown_outcome);
}

TEST_F(Forward, the_leader_judges_growth_by_its_own_disk) {
  options.quota_bytes = 1000;
  start();
  servers.at("b")->store.use.data_bytes = 5000;
  wait(seconds(1));
  const Answer passes = propose("b", set_key("k"));
  run();
  EXPECT_TRUE(done(passes));
  servers.at("a")->store.use.data_bytes = 5000;
  wait(seconds(1));
  const Answer refused = propose("c", set_key("k"));
  const Answer removal = propose("c", delete_key("k"));
  run();
  EXPECT_EQ(code_of(refused), ErrorCode::failed);
  EXPECT_NE((*refused)->error().message.find("quota"), std::string::npos);
  EXPECT_TRUE(done(removal));
}

TEST_F(Forward, what_waited_for_a_leader_is_judged_when_this_server_leads) {
  options.quota_bytes = 1000;
  make();
  start_hosts();
  servers.at("a")->store.use.data_bytes = 5000;
  const Answer growing = propose("a", set_key("k"));
  for (std::uint32_t i = 0; i < raft::test_options().start_guard_ticks(); ++i) tick();
  wait(seconds(1));
  if (!leads("a")) elect("a");
  EXPECT_EQ(code_of(growing), ErrorCode::failed);
}

TEST_F(Forward, a_large_removal_is_answered_after_its_last_part_and_keeps_nobody_waiting) {
  start();
  std::vector<Answer> sets;
  for (std::size_t i = 0; i < command_rows_max + 500; ++i) {
    sets.push_back(propose("a", set_key(fmt::format("tree/{:06}", i), "")));
  }
  run();
  ASSERT_TRUE(done(sets.back()));
  const Answer removal = propose("b", delete_tree("tree/"));
  const Answer other = propose("b", set_key("other"));
  run();
  ASSERT_TRUE(done(removal));
  EXPECT_EQ((**removal)->job, 0U);
  EXPECT_TRUE(done(other));
  EXPECT_TRUE(open_jobs(servers.at("a")->store.rows()).empty());
  EXPECT_EQ(calls("b", RpcMethod::propose), 2);
}

TEST_F(Forward, what_a_leader_decides_is_carried_out_in_its_leadership_or_not_at_all) {
  start();
  auto as_leader = [](RaftReplica& replica, Answer answer) -> Task<void> {
    *answer = co_await replica.propose_as_leader(set_key("k"));
  };
  const auto elsewhere = std::make_shared<std::optional<Result<Outcome>>>();
  loop.spawn("as leader", as_leader(replica("b"), elsewhere));
  run();
  EXPECT_EQ(code_of(elsewhere), ErrorCode::no_leader);
  const auto here = std::make_shared<std::optional<Result<Outcome>>>();
  loop.spawn("as leader", as_leader(replica("a"), here));
  run();
  EXPECT_TRUE(done(here));
  // Queued when leadership ends.
  ASSERT_TRUE(servers.at("a")->host->transfer_leadership(raft::NodeId{"b"}));
  const auto late = std::make_shared<std::optional<Result<Outcome>>>();
  loop.spawn("as leader", as_leader(replica("a"), late));
  run();
  for (int i = 0; i < 10 && !*late; ++i) tick();
  EXPECT_EQ(code_of(late), ErrorCode::no_leader);
  // In the log, and overwritten.
  cut("b");
  const auto lost = std::make_shared<std::optional<Result<Outcome>>>();
  loop.spawn("as leader", as_leader(replica("b"), lost));
  run();
  elect("c");
  heal("b");
  for (int i = 0; i < 5; ++i) tick();
  EXPECT_EQ(code_of(lost), ErrorCode::no_leader);
  EXPECT_EQ(revision("c"), 2U);
}

TEST_F(Forward, shutting_down_answers_those_whose_call_is_under_way) {
  start();
  held_calls.insert("a");
  const Answer sent = propose("b", set_key("k"));
  run();
  replica("b").stop();
  run();
  EXPECT_EQ(code_of(sent), ErrorCode::unknown_outcome);
  release_calls();
}

}  // namespace
}  // namespace conclave::daemon
