/// Changing the configuration: §6, dissertation chapter 4, and the correction of 2015 (no change
/// before an entry of the own term is committed).

#include "tests/paper/fixture.h"

namespace conclave::raft {
namespace {

using Kind = MembershipChange::Kind;

Server server(const std::string& name, std::uint8_t incarnation = 0) {
  Server out{NodeId{name}, {}, name + ":8300", Suffrage::learner};
  out.incarnation[0] = incarnation;
  return out;
}
std::vector<MembershipChange> one(Kind kind, const std::string& name) {
  return {{kind, server(name)}};
}

Subject leader(const std::vector<std::string>& names = {"a", "b", "c"}) {
  Subject a(log_of_terms({1}, 1), names);
  a.become_leader();
  a.exchange();
  for (const std::string& name : names) {
    if (name != "a") a.acknowledge(name, a.node.last_index());
  }
  a.exchange();
  return a;
}

std::string in_force(const Subject& a) { return describe(a.node.configuration()); }

TEST(Membership, no_change_before_an_entry_of_the_own_term_is_committed) {
  Subject a(log_of_terms({1}, 1));
  a.become_leader();
  a.exchange();
  const auto early = a.node.change_membership(one(Kind::remove, "c"));
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().code, ErrorCode::unavailable);
  a.acknowledge("b", a.node.last_index());
  EXPECT_TRUE(a.node.change_membership(one(Kind::remove, "c")));
}

TEST(Membership, only_the_leader_changes_it) {
  Subject a;
  EXPECT_EQ(a.node.change_membership(one(Kind::remove, "c")).error().code, ErrorCode::no_leader);
}

TEST(Membership, one_change_at_a_time) {
  Subject a = leader();
  ASSERT_TRUE(a.node.change_membership(one(Kind::add_learner, "d")));
  EXPECT_EQ(a.node.change_membership(one(Kind::add_learner, "e")).error().code,
            ErrorCode::unavailable);
  a.exchange();
  a.acknowledge("b", Index{3});
  EXPECT_TRUE(a.node.change_membership(one(Kind::add_learner, "e")));
}

TEST(Membership, none_while_leadership_is_handed_over) {
  Subject a = leader();
  ASSERT_TRUE(a.node.transfer_leadership(NodeId{"b"}));
  EXPECT_EQ(a.node.change_membership(one(Kind::remove, "c")).error().code, ErrorCode::unavailable);
}

// §6: "a server always uses the latest configuration in its log, regardless of whether the entry is
// committed".
TEST(Membership, it_takes_effect_when_it_is_appended) {
  Subject a = leader();
  ASSERT_TRUE(a.node.change_membership(one(Kind::remove, "c")));
  EXPECT_EQ(in_force(a), "{a b} and {a b c}");
  EXPECT_EQ(a.node.configuration_index(), Index{3});
  EXPECT_EQ(a.node.commit_index(), Index{2});
}

TEST(Membership, a_follower_goes_back_when_the_entry_is_removed) {
  Subject a(log_of_terms({1}, 1));
  const Configuration joint{voters({"a", "b"}).servers, voters({"a", "b", "c"}).servers};
  const Entry entry{Term{2}, Index{2}, EntryKind::configuration, encode_configuration(joint)};
  a.receive("b", 2, AppendEntries{Index{1}, Term{1}, {entry}, {}});
  a.exchange();
  EXPECT_EQ(in_force(a), "{a b} and {a b c}");
  a.receive("c", 3, AppendEntries{Index{1}, Term{1}, {command(3, 2)}, {}});
  EXPECT_EQ(in_force(a), "{a b c}");
}

// §6: agreement "requires separate majorities from both the old and new configurations".
TEST(JointConsensus, needs_a_majority_of_each_side) {
  Subject a = leader({"a", "b", "c"});
  ASSERT_TRUE(
      a.node.change_membership(std::vector<MembershipChange>{{Kind::remove, server("b")},
                                                             {Kind::add_learner, server("d")},
                                                             {Kind::promote, server("d")},
                                                             {Kind::add_learner, server("e")},
                                                             {Kind::promote, server("e")}}));
  ASSERT_EQ(in_force(a), "{a c d e} and {a b c}");
  a.exchange();
  a.acknowledge("b", Index{3});
  a.acknowledge("d", Index{3});
  EXPECT_EQ(a.node.commit_index(), Index{2});  // a and d are only half of the new voters.
  a.acknowledge("e", Index{3});
  EXPECT_EQ(a.node.commit_index(), Index{3});
}

TEST(JointConsensus, is_left_once_by_itself_when_it_is_committed) {
  Subject a = leader();
  ASSERT_TRUE(a.node.change_membership(one(Kind::remove, "c")));
  a.exchange();
  a.tick(3);
  EXPECT_EQ(a.node.last_index(), Index{3});
  a.acknowledge("b", Index{3});
  EXPECT_EQ(in_force(a), "{a b}");
  a.acknowledge("c", Index{3});
  a.tick(3);
  EXPECT_EQ(a.node.last_index(), Index{4});
}

TEST(JointConsensus, a_new_leader_leaves_what_its_predecessor_entered) {
  InitialState initial = log_of_terms({1}, 1);
  const Configuration joint{voters({"a", "b"}).servers, voters({"a", "b", "c"}).servers};
  initial.entries.push_back(
      {Term{1}, Index{2}, EntryKind::configuration, encode_configuration(joint)});
  Subject a(std::move(initial));
  a.become_leader();
  a.exchange();
  EXPECT_EQ(a.node.last_index(), Index{3});
  a.acknowledge("b", Index{3});
  EXPECT_EQ(in_force(a), "{a b}");
}

// Dissertation §4.2.2.
TEST(RemovedLeader, leads_until_its_removal_is_committed_without_counting_itself) {
  Subject a = leader();
  ASSERT_TRUE(a.node.change_membership(one(Kind::remove, "a")));
  a.exchange();
  a.acknowledge("b", Index{3});
  a.acknowledge("c", Index{3});
  ASSERT_EQ(in_force(a), "{b c}");
  a.exchange();
  a.acknowledge("b", Index{4});
  EXPECT_EQ(a.node.role(), Role::leader);  // a and b: one of the two voters.
  a.acknowledge("c", Index{4});
  EXPECT_EQ(a.node.role(), Role::follower);
  EXPECT_EQ(a.node.commit_index(), Index{4});
  EXPECT_EQ(a.sent<TimeoutNow>().size(), 1U);
  a.tick(100);
  EXPECT_EQ(a.node.role(), Role::follower);
}

// Dissertation §4.2.2: it "should still start new elections, as it might still be needed until the
// Cnew entry is committed"; "it does not count its own vote". Here b has everything but that entry,
// and c would refuse it.
TEST(RemovedServer, campaigns_while_its_removal_may_still_be_undone) {
  InitialState initial = log_of_terms({1}, 1, 1);
  const Configuration joint{voters({"b"}).servers, voters({"a", "b", "c"}).servers};
  initial.entries.push_back(
      {Term{1}, Index{2}, EntryKind::configuration, encode_configuration(joint)});
  initial.entries.push_back(
      {Term{1}, Index{3}, EntryKind::configuration, encode_configuration(voters({"b"}))});
  Subject a(std::move(initial));
  a.node.campaign();
  EXPECT_EQ(a.node.role(), Role::pre_candidate);
  a.exchange();
  a.receive("b", 1, RequestVoteReply{Term{2}, true, true});
  ASSERT_EQ(a.node.role(), Role::candidate);
  a.exchange();
  EXPECT_EQ(a.node.role(), Role::candidate);
  a.receive("b", 2, RequestVoteReply{Term{2}, false, true});
  ASSERT_EQ(a.node.role(), Role::leader);
  a.exchange();
  a.acknowledge("b", Index{4});
  EXPECT_EQ(a.node.commit_index(), Index{4});
  EXPECT_EQ(a.node.role(), Role::follower);
  a.exchange();
  a.tick(100);
  EXPECT_EQ(a.node.role(), Role::follower);
}

// §6, second issue: "new servers may not initially store any log entries"; dissertation §4.2.1.
TEST(Learner, does_not_count_and_does_not_campaign) {
  Subject a = leader();
  ASSERT_TRUE(a.node.change_membership(one(Kind::demote, "b")));
  a.exchange();
  a.acknowledge("b", Index{3});
  EXPECT_EQ(a.node.commit_index(), Index{2});  // Of {a c}, c is missing.
  Configuration learning = voters({"a", "b"});
  learning.servers[0].suffrage = Suffrage::learner;
  InitialState initial = log_of_terms({1}, 1, 2);
  initial.entries.push_back(
      {Term{1}, Index{2}, EntryKind::configuration, encode_configuration(learning)});
  Subject learner(std::move(initial));
  learner.tick(100);
  EXPECT_EQ(learner.node.role(), Role::follower);
}

// Reliability rule 22: it may have been promoted without knowing.
TEST(Learner, votes_if_asked) {
  Configuration learning = voters({"a", "b"});
  learning.servers[0].suffrage = Suffrage::learner;
  InitialState initial = log_of_terms({1}, 1);
  initial.entries.push_back(
      {Term{1}, Index{2}, EntryKind::configuration, encode_configuration(learning)});
  Subject learner(std::move(initial));
  learner.receive("b", 2, RequestVote{Term{2}, Index{3}, Term{1}, false});
  const auto replies = learner.sent<RequestVoteReply>();
  ASSERT_EQ(replies.size(), 1U);
  EXPECT_TRUE(replies[0].granted);
}

TEST(Learner, gets_its_vote_by_itself_once_it_has_caught_up_for_a_while) {
  Cluster cluster({"a", "b", "c"});
  cluster.elect("a");
  cluster.join("d");
  ASSERT_TRUE(cluster.change("a", one(Kind::add_learner, "d")));
  for (std::uint64_t i = 0; i + 1 < test_options().promote_after_ticks; ++i) {
    cluster.tick("a");
    cluster.settle();
  }
  EXPECT_EQ(describe(cluster.node("a").configuration()), "{a b c d?}");
  cluster.tick("a", 3);
  cluster.settle();
  for (const char* name : {"a", "b", "c", "d"}) {
    EXPECT_EQ(describe(cluster.node(name).configuration()), "{a b c d}");
  }
}

// Found by the simulator: what it had been as a learner before counted.
TEST(Learner, that_was_demoted_earns_its_vote_anew) {
  Cluster cluster({"a", "b", "c"});
  cluster.elect("a");
  cluster.join("d");
  ASSERT_TRUE(cluster.change("a", one(Kind::add_learner, "d")));
  for (std::uint64_t tick = 0; tick < test_options().promote_after_ticks + 3; ++tick) {
    cluster.tick("a");
    cluster.settle();
  }
  ASSERT_EQ(describe(cluster.node("a").configuration()), "{a b c d}");
  ASSERT_TRUE(cluster.change("a", one(Kind::demote, "d")));
  cluster.settle();
  cluster.tick("a");
  cluster.settle();
  EXPECT_EQ(describe(cluster.node("a").configuration()), "{a b c d?}");
}

TEST(Learner, that_does_not_answer_is_not_promoted) {
  Cluster cluster({"a", "b", "c"});
  cluster.elect("a");
  ASSERT_TRUE(cluster.change("a", one(Kind::add_learner, "d")));
  for (int i = 0; i < 60; ++i) {
    cluster.tick("a");
    cluster.settle();
  }
  EXPECT_EQ(describe(cluster.node("a").configuration()), "{a b c d?}");
}

// Dissertation §4.2.3; reliability rules 12 and 21.
TEST(RemovedServer, neither_raises_terms_nor_gets_votes) {
  Subject a(log_of_terms({1, 1}, 1), {"a", "b"});
  a.receive("z", 7, RequestVote{Term{7}, Index{2}, Term{1}, false});
  a.receive("z", 7, RequestVote{Term{8}, Index{2}, Term{1}, true});
  a.receive("z", 7, AppendEntriesReply{});
  EXPECT_TRUE(a.exchange().empty());
  EXPECT_EQ(a.node.current_term(), Term{1});
}

TEST(RemovedServer, its_vote_does_not_count) {
  Subject a(log_of_terms({1}, 1), {"a", "b", "c"});
  a.become_candidate();
  a.exchange();
  a.receive("z", 2, RequestVoteReply{Term{2}, false, true});
  EXPECT_EQ(a.node.role(), Role::candidate);
}

// Dissertation §4.1: the voter's configuration may be the outdated one.
TEST(UnknownCandidate, with_a_log_that_is_ahead_gets_the_vote) {
  Subject a(log_of_terms({1, 1}, 1), {"a", "b"});
  a.receive("z", 7, RequestVote{Term{7}, Index{3}, Term{1}, false});
  const auto replies = a.sent<RequestVoteReply>();
  ASSERT_EQ(replies.size(), 1U);
  EXPECT_TRUE(replies[0].granted);
}

class WipedDisk : public testing::Test {
 protected:
  /// a in a cluster where b's data directory is the one of incarnation 1.
  static Subject in_cluster(std::uint8_t own = 0, std::uint8_t own_configured = 0) {
    Configuration configuration = voters({"a", "b"});
    configuration.servers[0].incarnation[0] = own_configured;
    configuration.servers[1].incarnation[0] = 1;
    InitialState initial = log_of_terms({1}, 1, 2);
    initial.incarnation[0] = own;
    initial.entries.push_back(
        {Term{1}, Index{2}, EntryKind::configuration, encode_configuration(configuration)});
    return Subject(std::move(initial), {"a", "b"});
  }
  static Message from_b(std::uint64_t term, MessageBody body, std::uint8_t incarnation) {
    Message message{NodeId{"b"}, NodeId{"a"}, Term{term}, std::move(body)};
    message.incarnation[0] = incarnation;
    return message;
  }
};

TEST_F(WipedDisk, under_a_known_name_neither_votes_nor_counts) {
  Subject a = in_cluster();
  a.node.campaign();
  a.exchange();
  a.node.receive(from_b(1, RequestVoteReply{Term{2}, true, true}, 2));
  EXPECT_EQ(a.node.role(), Role::pre_candidate);
  a.node.receive(from_b(1, RequestVoteReply{Term{2}, true, true}, 1));
  EXPECT_EQ(a.node.role(), Role::candidate);
}

TEST_F(WipedDisk, asks_for_votes_in_vain) {
  Subject a = in_cluster();
  a.node.receive(from_b(5, RequestVote{Term{5}, Index{2}, Term{1}, false}, 2));
  EXPECT_TRUE(a.exchange().empty());
  EXPECT_EQ(a.node.current_term(), Term{1});
}

TEST_F(WipedDisk, does_not_campaign_for_the_one_it_was) {
  Subject a = in_cluster(4, 3);
  a.tick(100);
  EXPECT_EQ(a.node.role(), Role::follower);
  Subject same = in_cluster(3, 3);
  same.tick(20);
  EXPECT_EQ(same.node.role(), Role::pre_candidate);
}

// The lease of a leader that was alone had no end; now it needs rounds.
TEST(Membership, a_lone_voter_that_adds_a_learner_keeps_a_lease_by_its_own_rounds) {
  Subject a(log_of_terms({1}, 1), {"a"});
  a.node.campaign();
  a.exchange();
  ASSERT_EQ(a.node.lease_ticks_left(), Node::forever);
  ASSERT_TRUE(a.node.change_membership(one(Kind::add_learner, "b")));
  EXPECT_EQ(a.node.lease_ticks_left(), test_options().lease_ticks);
  a.exchange();
  EXPECT_EQ(a.node.commit_index(), a.node.last_index());
}

}  // namespace
}  // namespace conclave::raft
