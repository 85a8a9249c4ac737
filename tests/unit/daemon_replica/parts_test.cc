#include <gtest/gtest.h>

#include "api/model/record.h"
#include "daemon/replica/cluster_clock.h"
#include "daemon/replica/growth_guard.h"
#include "daemon/replica/lease_clock.h"
#include "daemon/replica/proposals.h"
#include "tests/unit/daemon_replica/fixture.h"

namespace conclave::daemon {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Command kv(KvVerb verb) {
  KvOp op;
  op.verb = verb;
  return {op, {}};
}

TEST(GrowthGuard, knows_which_commands_add_to_the_state) {
  for (const KvVerb verb : {KvVerb::set, KvVerb::cas, KvVerb::lock}) {
    EXPECT_TRUE(adds_to_state(kv(verb)));
    Txn txn;
    txn.ops = {std::get<KvOp>(kv(KvVerb::get).body), std::get<KvOp>(kv(verb).body)};
    EXPECT_TRUE(adds_to_state({txn, {}}));
  }
  for (const KvVerb verb : {KvVerb::unlock, KvVerb::get, KvVerb::remove, KvVerb::remove_tree,
                            KvVerb::remove_cas, KvVerb::check_index}) {
    EXPECT_FALSE(adds_to_state(kv(verb)));
    Txn txn;
    txn.ops = {std::get<KvOp>(kv(verb).body)};
    EXPECT_FALSE(adds_to_state({txn, {}}));
  }
  EXPECT_TRUE(adds_to_state({SessionCreate{}, {}}));
  EXPECT_TRUE(adds_to_state({Register{}, {}}));
  for (const CommandBody& body :
       {CommandBody(SessionEnd{}), CommandBody(Deregister{}), CommandBody(MemberUpdate{}),
        CommandBody(ReapTombstones{}), CommandBody(ContinueJob{}), CommandBody(ReapLockDelays{}),
        CommandBody(SetFeatureLevel{}), CommandBody(FireEvent{}), CommandBody(UpdateCoordinates{}),
        CommandBody(WriteQuery{.op = QueryOp::remove})}) {
    EXPECT_FALSE(adds_to_state({body, {}}));
  }
}

TEST(GrowthGuard, without_limits_it_admits_everything) {
  GrowthGuard guard(0, 0);
  Store::Usage usage;
  usage.data_bytes = UINT64_MAX;
  EXPECT_FALSE(guard.sample(usage));
  EXPECT_TRUE(guard.admit(kv(KvVerb::set)));
}

TEST(GrowthGuard, counts_what_it_admits_between_two_samples) {
  GrowthGuard guard(1000, 0);
  Store::Usage usage;
  usage.data_bytes = 800;
  guard.sample(usage);
  const Command write{KvOp{.verb = KvVerb::set, .key = "k"}, ""};
  EXPECT_TRUE(guard.admit(write, 60).has_value());
  EXPECT_FALSE(guard.admit(write, 60).has_value());
  EXPECT_TRUE(guard.admit(write, 40).has_value());
  const Command removal{KvOp{.verb = KvVerb::remove_tree, .key = "k"}, ""};
  EXPECT_TRUE(guard.admit(removal, 1000).has_value());
  guard.sample(usage, 150);  // what is under way counts too
  EXPECT_FALSE(guard.admit(write, 1).has_value());
  guard.sample(usage);
  EXPECT_TRUE(guard.admit(write, 60).has_value());
}

TEST(GrowthGuard, leaves_the_free_space_that_it_is_told_to_leave) {
  GrowthGuard guard(0, 1000);
  Store::Usage usage;
  usage.disk_free_bytes = 1600;
  guard.sample(usage);
  const Command write{KvOp{.verb = KvVerb::set, .key = "k"}, ""};
  EXPECT_TRUE(guard.admit(write, 200).has_value());
  EXPECT_FALSE(guard.admit(write, 10).has_value());
}

TEST(GrowthGuard, reports_only_the_beginning_and_the_end_of_refusing) {
  GrowthGuard guard(100, 0);
  Store::Usage usage;
  usage.data_bytes = 101;
  EXPECT_TRUE(guard.sample(usage));
  EXPECT_FALSE(guard.sample(usage));
  usage.data_bytes = 100;
  EXPECT_TRUE(guard.sample(usage));
  EXPECT_FALSE(guard.sample(usage));
}

TEST(ClusterClock, stands_still_unless_this_server_leads) {
  ClusterClock clock(500);
  EXPECT_EQ(clock.now_ms(seconds(10)), 500U);
  clock.lead(seconds(10));
  EXPECT_EQ(clock.now_ms(seconds(12)), 2500U);
  clock.follow();
  EXPECT_EQ(clock.now_ms(seconds(20)), 500U);
}

TEST(ClusterClock, goes_on_from_what_another_leader_stamped) {
  ClusterClock clock(500);
  clock.applied(9000);
  clock.applied(8000);
  EXPECT_EQ(clock.now_ms(seconds(1)), 9000U);
  clock.lead(seconds(100));
  EXPECT_EQ(clock.stamp(seconds(101)), 10000U);
}

TEST(ClusterClock, a_stamp_is_never_smaller_than_the_one_before) {
  ClusterClock clock(0);
  clock.lead(seconds(10));
  EXPECT_EQ(clock.stamp(seconds(15)), 5000U);
  EXPECT_EQ(clock.stamp(seconds(12)), 5000U);
  EXPECT_EQ(clock.stamp(seconds(5)), 5000U);
}

// Found by the simulator: a lock-delay set by the leader in between passed in no time.
TEST(ClusterClock, forgets_what_it_stamped_and_nobody_committed) {
  ClusterClock clock(1000);
  clock.lead(seconds(10));
  EXPECT_EQ(clock.stamp(seconds(40)), 31000U);
  clock.follow();
  clock.applied(2000);  // The next leader went on from 1000.
  clock.lead(seconds(41));
  EXPECT_EQ(clock.stamp(seconds(41)), 2000U);
}

TEST(LeaseClock, counts_from_the_time_of_the_tick) {
  LeaseClock lease;
  lease.ticked(7, seconds(3));
  EXPECT_EQ(lease.end_of_lease(7, milliseconds(400)), milliseconds(3400));
  EXPECT_EQ(lease.end_of_lease(8, milliseconds(400)), Nanos::zero());  // Not known.
  lease.ticked(7 + 64, seconds(9));
  EXPECT_EQ(lease.end_of_lease(7, milliseconds(400)), Nanos::zero());  // Forgotten.
}

Proposal proposal(const std::string& key, Nanos deadline = seconds(7)) {
  Proposal out;
  out.command = set_key(key);
  out.encoded = api::encode_record(out.command);
  out.deadline = deadline;
  return out;
}

std::vector<std::string> keys(const std::vector<Proposal>& proposals) {
  std::vector<std::string> out;
  for (const Proposal& one : proposals) out.push_back(std::get<KvOp>(one.command.body).key);
  return out;
}

TEST(Proposals, are_taken_in_order_and_counted_until_forgotten) {
  Proposals proposals;
  proposals.push(proposal("a"));
  proposals.push(proposal("b"));
  auto taken = proposals.take(1 << 20);
  EXPECT_EQ(keys(taken), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(proposals.queue_empty());
  EXPECT_EQ(proposals.count(), 2U);
  for (const Proposal& one : taken) proposals.forget(one);
  EXPECT_EQ(proposals.count(), 0U);
  EXPECT_EQ(proposals.bytes(), 0U);
}

TEST(Proposals, a_withdrawn_entry_is_first_in_the_queue_again) {
  Proposals proposals;
  proposals.push(proposal("a"));
  ProposedEntry entry;
  entry.proposals = proposals.take(1 << 20);
  proposals.in_log(raft::Index{5}, std::move(entry));
  proposals.push(proposal("b"));
  proposals.withdraw(raft::Index{5});
  EXPECT_EQ(keys(proposals.take(1 << 20)), (std::vector<std::string>{"a", "b"}));
}

TEST(Proposals, an_entry_is_known_by_index_and_term) {
  Proposals proposals;
  proposals.push(proposal("a"));
  ProposedEntry entry;
  entry.term = raft::Term{3};
  entry.proposals = proposals.take(1 << 20);
  proposals.in_log(raft::Index{5}, std::move(entry));
  EXPECT_FALSE(proposals.applied(raft::Index{4}, raft::Term{3}));
  const auto own = proposals.applied(raft::Index{5}, raft::Term{3});
  ASSERT_TRUE(own);
  EXPECT_EQ(keys(own->proposals), (std::vector<std::string>{"a"}));
  EXPECT_FALSE(proposals.applied(raft::Index{5}, raft::Term{3}));
}

TEST(Proposals, overwritten_without_anybody_waiting_it_is_dropped) {
  Proposals proposals;
  proposals.push(proposal("nobody waits"));
  Proposal job;
  job.command.body = ContinueJob{9};
  proposals.push(std::move(job));
  ProposedEntry entry;
  entry.term = raft::Term{3};
  entry.proposals = proposals.take(1 << 20);
  proposals.in_log(raft::Index{5}, std::move(entry));
  EXPECT_FALSE(proposals.applied(raft::Index{5}, raft::Term{4}));
  const auto again = proposals.take(1 << 20);
  ASSERT_EQ(again.size(), 1U);  // A job needs nobody to wait for it.
  EXPECT_TRUE(std::holds_alternative<ContinueJob>(again[0].command.body));
  EXPECT_EQ(proposals.count(), 1U);
}

TEST(Proposals, those_past_their_deadline_leave_the_queue) {
  Proposals proposals;
  proposals.push(proposal("early", seconds(1)));
  proposals.push(proposal("late", seconds(2)));
  const auto late = proposals.remove_queued(
      [](const Proposal& waiting) { return waiting.deadline <= seconds(1); });
  EXPECT_EQ(keys(late), (std::vector<std::string>{"early"}));
  EXPECT_EQ(proposals.count(), 1U);
}

TEST(Proposals, an_entry_of_a_later_term_has_overwritten_all_that_followed) {
  Loop nobody("nobody");
  Proposals proposals;
  for (std::uint64_t index = 5; index <= 8; ++index) {
    Proposal one = proposal(std::to_string(index));
    one.caller.emplace(nobody.executor(), [](const Result<Outcome>&) {});
    proposals.push(std::move(one));
    ProposedEntry entry;
    entry.term = raft::Term{3};
    entry.proposals = proposals.take(1);
    proposals.in_log(raft::Index{index}, std::move(entry));
  }
  EXPECT_TRUE(proposals.applied(raft::Index{5}, raft::Term{3}));
  EXPECT_TRUE(proposals.queue_empty());
  EXPECT_FALSE(proposals.applied(raft::Index{6}, raft::Term{4}));
  // As the next leader it may use the same places.
  ProposedEntry next;
  next.term = raft::Term{5};
  next.proposals = proposals.take(1 << 20);
  EXPECT_EQ(keys(next.proposals), (std::vector<std::string>{"6", "7", "8"}));
  proposals.in_log(raft::Index{7}, std::move(next));
  EXPECT_TRUE(proposals.applied(raft::Index{7}, raft::Term{5}));
}

TEST(Proposals, what_a_snapshot_jumped_over_is_taken_out) {
  Proposals proposals;
  for (const std::uint64_t index : {std::uint64_t{5}, std::uint64_t{6}}) {
    proposals.push(proposal(std::to_string(index)));
    ProposedEntry entry;
    entry.term = raft::Term{3};
    entry.proposals = proposals.take(1);
    proposals.in_log(raft::Index{index}, std::move(entry));
  }
  EXPECT_EQ(keys(proposals.take_below(raft::Index{6})), (std::vector<std::string>{"5"}));
  EXPECT_TRUE(proposals.applied(raft::Index{6}, raft::Term{3}));
}

TEST(Proposals, those_with_the_leader_stay_counted_until_it_answers) {
  Proposals proposals;
  for (const char* key : {"a", "tree", "b", "c"}) proposals.push(proposal(key));
  const auto alone = [](const Proposal& one) {
    return std::get<KvOp>(one.command.body).key == "tree";
  };
  const auto joins = [&](const Proposal& first, const Proposal& next) {
    return !alone(first) && !alone(next);
  };
  for (std::uint64_t call = 1; !proposals.queue_empty(); ++call) {
    proposals.with_leader(call, proposals.take(1 << 20, joins));
  }
  EXPECT_EQ(proposals.calls_since(1), 3U);
  EXPECT_EQ(proposals.calls_since(3), 1U);
  EXPECT_EQ(keys(proposals.answered(2)), (std::vector<std::string>{"tree"}));
  EXPECT_TRUE(proposals.answered(2).empty());
  EXPECT_EQ(proposals.count(), 4U);
  proposals.put_back(proposals.answered(3));
  EXPECT_EQ(keys(proposals.remove_all_queued()), (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(keys(proposals.remove_all_sent()), (std::vector<std::string>{"a"}));
}

TEST(Proposals, an_encoded_entry_is_the_canonical_record) {
  Proposals proposals;
  for (const char* key : {"a", "b", "c"}) proposals.push(proposal(key));
  ProposedEntry entry;
  entry.cluster_time_ms = 1234;
  entry.wall_time = seconds(99);
  entry.proposals = proposals.take(1 << 20);
  const std::string bytes = encode_entry(1, entry);
  const auto payload = api::decode_record<EntryPayload>(bytes);
  ASSERT_TRUE(payload);
  EXPECT_EQ(payload->commands.size(), 3U);
  EXPECT_EQ(api::encode_record(*payload), bytes);
}

}  // namespace
}  // namespace conclave::daemon
