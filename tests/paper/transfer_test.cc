/// Handing leadership over: dissertation §3.10, with the lease rules that it must not break.

#include "tests/paper/fixture.h"

namespace conclave::raft {
namespace {

Subject leader() {
  Subject a(log_of_terms({1}, 1));
  a.become_leader();
  a.exchange();
  a.acknowledge("b", a.node.last_index());
  a.acknowledge("c", a.node.last_index());
  a.exchange();
  return a;
}

void confirm_latest_round(Subject& a, std::uint64_t round) {
  for (const char* peer : {"b", "c"}) a.receive(peer, 2, HeartbeatReply{round});
}

TEST(LeadershipTransfer, a_target_that_has_everything_is_told_at_once) {
  Subject a = leader();
  ASSERT_TRUE(a.node.transfer_leadership(NodeId{"b"}));
  EXPECT_EQ(a.sent<TimeoutNow>(), (std::vector{TimeoutNow{1}}));
  EXPECT_EQ(a.node.transfer_target(), NodeId{"b"});
}

TEST(LeadershipTransfer, a_target_that_lags_is_told_when_its_log_matches) {
  Subject a = leader();
  ASSERT_TRUE(a.node.propose("x"));
  ASSERT_TRUE(a.node.transfer_leadership(NodeId{"b"}));
  EXPECT_TRUE(a.sent<TimeoutNow>().empty());
  a.acknowledge("c", Index{3});
  EXPECT_TRUE(a.sent<TimeoutNow>().empty());
  a.acknowledge("b", Index{3});
  EXPECT_EQ(a.sent<TimeoutNow>().size(), 1U);
}

TEST(LeadershipTransfer, proposals_are_refused_until_it_is_given_up) {
  Subject a = leader();
  ASSERT_TRUE(a.node.transfer_leadership(NodeId{"b"}));
  const Result<Index> refused = a.node.propose("x");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  confirm_latest_round(a, 1);
  a.tick(static_cast<int>(test_options().election_timeout_ticks_min));
  EXPECT_EQ(a.node.role(), Role::leader);
  EXPECT_EQ(a.node.transfer_target(), NodeId{});
  EXPECT_TRUE(a.node.propose("x"));
}

TEST(LeadershipTransfer, without_a_name_the_voter_with_most_of_the_log_is_chosen) {
  Subject a = leader();
  ASSERT_TRUE(a.node.propose("x"));
  a.acknowledge("c", Index{3});
  a.exchange();
  ASSERT_TRUE(a.node.transfer_leadership({}));
  EXPECT_EQ(a.node.transfer_target(), NodeId{"c"});
}

TEST(LeadershipTransfer, only_a_leader_transfers_and_only_to_another_voter_once) {
  Subject follower;
  EXPECT_EQ(follower.node.transfer_leadership({}).error().code, ErrorCode::no_leader);
  Subject a = leader();
  EXPECT_EQ(a.node.transfer_leadership(NodeId{"a"}).error().code, ErrorCode::bad_request);
  EXPECT_EQ(a.node.transfer_leadership(NodeId{"z"}).error().code, ErrorCode::bad_request);
  ASSERT_TRUE(a.node.transfer_leadership(NodeId{"b"}));
  EXPECT_EQ(a.node.transfer_leadership(NodeId{"c"}).error().code, ErrorCode::unavailable);
}

TEST(LeadershipTransfer, a_lone_voter_has_nobody_to_transfer_to) {
  Subject a(log_of_terms({1}, 1), {"a"});
  a.node.campaign();
  EXPECT_EQ(a.node.transfer_leadership({}).error().code, ErrorCode::unavailable);
}

// Design §4: "dropped before a leadership transfer's timeout-now, regained only by a later round".
TEST(LeadershipTransfer,
     the_lease_is_dropped_before_timeout_now_and_late_answers_do_not_restore_it) {
  Subject a = leader();
  a.receive("b", 2, HeartbeatReply{1});
  EXPECT_GT(a.node.lease_ticks_left(), 0U);
  a.tick(1);
  a.exchange();  // Round 2 is under way.
  ASSERT_TRUE(a.node.transfer_leadership(NodeId{"b"}));
  EXPECT_EQ(a.node.lease_ticks_left(), 0U);
  confirm_latest_round(a, 2);
  EXPECT_EQ(a.node.lease_ticks_left(), 0U);
  a.tick(static_cast<int>(test_options().election_timeout_ticks_min));
  const auto beats = a.sent<Heartbeat>();
  ASSERT_EQ(a.node.transfer_target(), NodeId{});
  confirm_latest_round(a, beats.back().round);
  EXPECT_GT(a.node.lease_ticks_left(), 0U);
}

TEST(LeadershipTransfer, each_heartbeat_meanwhile_repeats_the_order_with_its_round) {
  Subject a = leader();
  ASSERT_TRUE(a.node.transfer_leadership(NodeId{"b"}));
  a.exchange();
  a.tick(1);
  EXPECT_EQ(a.sent<TimeoutNow>(), (std::vector{TimeoutNow{2}}));
}

class Follower : public testing::Test {
 protected:
  Follower() {
    a.receive("b", 2, Heartbeat{4, {}});
    a.exchange();
  }
  Subject a{log_of_terms({1}, 1)};
};

TEST_F(Follower, told_by_its_leader_campaigns_at_once_without_asking_first) {
  a.receive("b", 2, TimeoutNow{4});
  EXPECT_EQ(a.node.role(), Role::candidate);
  const auto votes = a.sent<RequestVote>();
  ASSERT_EQ(votes.size(), 2U);
  EXPECT_FALSE(votes[0].pre_vote);
  EXPECT_EQ(votes[0].transfer_round, 4U);
}

TEST_F(Follower, ignores_an_order_older_than_the_round_it_has_acknowledged) {
  a.receive("b", 2, TimeoutNow{3});
  EXPECT_EQ(a.node.role(), Role::follower);
}

TEST_F(Follower, ignores_an_order_of_anybody_but_its_leader) {
  a.receive("c", 2, TimeoutNow{9});
  a.receive("b", 1, TimeoutNow{9});
  EXPECT_EQ(a.node.role(), Role::follower);
}

TEST_F(Follower, votes_for_the_target_although_it_hears_a_leader) {
  a.receive("c", 3, RequestVote{Term{3}, Index{1}, Term{1}, false, 4});
  const auto replies = a.sent<RequestVoteReply>();
  ASSERT_EQ(replies.size(), 1U);
  EXPECT_TRUE(replies[0].granted);
}

// The leader may have given up and hold a lease from a later round.
TEST_F(Follower, that_acknowledged_a_later_round_does_not_vote_for_the_target) {
  a.receive("c", 3, RequestVote{Term{3}, Index{1}, Term{1}, false, 3});
  EXPECT_TRUE(a.sent<RequestVoteReply>().empty());
  EXPECT_EQ(a.node.current_term(), Term{2});
}

// A term learnt from somebody else makes it forget the leader, but not that it gave a lease.
TEST_F(Follower, that_learns_of_a_higher_term_still_gives_no_vote_while_a_lease_may_last) {
  a.receive("c", 5, AppendEntriesReply{});
  EXPECT_EQ(a.node.current_term(), Term{5});
  EXPECT_EQ(a.node.leader(), NodeId{});
  a.exchange();
  a.receive("c", 5, RequestVote{Term{5}, Index{1}, Term{1}, false});
  const auto replies = a.sent<RequestVoteReply>();
  ASSERT_EQ(replies.size(), 1U);
  EXPECT_FALSE(replies[0].granted);
  a.tick(static_cast<int>(test_options().lease_ticks) + 1);
  a.exchange();
  a.receive("c", 6, RequestVote{Term{6}, Index{1}, Term{1}, false});
  EXPECT_TRUE(a.sent<RequestVoteReply>().empty());
}

// A server that has just started may have acknowledged a round that it no longer knows of.
TEST(LeadershipTransfer, who_has_just_started_votes_for_nobody_not_even_a_target) {
  InitialState initial = log_of_terms({1}, 1);
  initial.configuration = voters({"a", "b", "c"});
  Node a(NodeId{"a"}, test_options(), std::move(initial), Rng(1));
  a.receive({NodeId{"c"}, NodeId{"a"}, Term{3}, RequestVote{Term{3}, Index{1}, Term{1}, false, 4}});
  EXPECT_EQ(a.current_term(), Term{1});
}

TEST(LeadershipTransfer, the_target_leads_after_one_round_of_votes) {
  Cluster cluster({"a", "b", "c"});
  cluster.elect("a");
  ASSERT_TRUE(cluster.node("a").transfer_leadership(NodeId{"c"}));
  cluster.tick("a");
  cluster.settle();
  EXPECT_EQ(cluster.leader(), "c");
  EXPECT_EQ(cluster.node("c").current_term(), Term{3});
}

}  // namespace
}  // namespace conclave::raft
