/// When an entry is committed, and who learns of it: §5.3, §5.4.2 of the paper; §6.4 and §10.2.1 of
/// the dissertation.

#include "tests/paper/fixture.h"

namespace conclave::raft {
namespace {

// §5.3: "A log entry is committed once the leader that created the entry has replicated it on a
// majority of the servers."
TEST(Section5_3, an_entry_is_committed_by_a_majority) {
  const std::vector<std::string> all = {"a", "b", "c", "d", "e"};
  for (std::size_t servers = 1; servers <= 5; ++servers) {
    const std::vector<std::string> names(all.begin(),
                                         all.begin() + static_cast<std::ptrdiff_t>(servers));
    for (std::size_t acknowledgements = 0; acknowledgements < servers; ++acknowledgements) {
      Subject a(log_of_terms({1}, 1), names);
      a.node.campaign();
      for (const bool pre_vote : {true, false}) {
        a.exchange();
        for (std::size_t i = 1; i < servers; ++i) {
          a.receive(names[i], a.node.current_term().value,
                    RequestVoteReply{Term{2}, pre_vote, true});
        }
      }
      ASSERT_EQ(a.node.role(), Role::leader);
      a.exchange();
      for (std::size_t i = 1; i <= acknowledgements; ++i) {
        a.acknowledge(names[i], a.node.last_index());
      }
      const bool committed = a.node.commit_index() == a.node.last_index();
      EXPECT_EQ(committed, acknowledgements + 1 > servers / 2) << servers << acknowledgements;
    }
  }
}

// §5.3: the leader "includes [the highest committed index] in future AppendEntries RPCs … so that
// the other servers eventually find out".
TEST(Section5_3, followers_learn_the_commit_index_and_apply_in_order) {
  Cluster cluster({"a", "b", "c"});
  cluster.elect("a");
  ASSERT_TRUE(cluster.propose("a", "x"));
  ASSERT_TRUE(cluster.propose("a", "y"));
  cluster.settle();
  for (const char* name : {"a", "b", "c"}) {
    EXPECT_EQ(cluster.applied(name), (std::vector<std::string>{"x", "y"})) << name;
  }
}

// The same: "in future AppendEntries RPCs (including heartbeats)". Followers that lack nothing else
// are told once: by an entry that follows soon, or by a message of its own.
TEST(Section5_3, the_commit_index_comes_with_the_next_entry_or_when_asked_for) {
  Subject a;
  a.shares_commit = false;
  a.become_leader();
  a.exchange();
  EXPECT_FALSE(a.node.has_unshared_commit());
  a.acknowledge("b", Index{1});
  EXPECT_TRUE(a.sent<AppendEntries>().empty());
  EXPECT_TRUE(a.node.has_unshared_commit());

  ASSERT_TRUE(a.node.propose("x"));
  const auto appends = a.sent<AppendEntries>();
  ASSERT_EQ(appends.size(), 1U);  // c has not answered its first one yet.
  EXPECT_EQ(appends[0].leader_commit, Index{1});
  EXPECT_FALSE(a.node.has_unshared_commit());
  a.node.share_commit();
  EXPECT_TRUE(a.sent<AppendEntries>().empty());

  a.acknowledge("b", Index{2});
  EXPECT_TRUE(a.sent<AppendEntries>().empty());
  a.node.share_commit();
  const auto shared = a.sent<AppendEntries>();
  ASSERT_EQ(shared.size(), 1U);
  EXPECT_TRUE(shared[0].entries.empty());
  EXPECT_EQ(shared[0].leader_commit, Index{2});
  EXPECT_FALSE(a.node.has_unshared_commit());
}

// Figure 2, AppendEntries 5: "commitIndex = min(leaderCommit, index of last new entry)".
TEST(Section5_3, a_follower_commits_no_further_than_what_the_leader_vouched_for) {
  Subject a(log_of_terms({1, 1, 1}, 1));
  a.receive("b", 2, AppendEntries{Index{1}, Term{1}, {}, Index{3}});
  a.exchange();
  EXPECT_EQ(a.node.commit_index(), Index{1});  // Entries 2 and 3 may be another leader's.
}

// §5.4.2: "Raft never commits log entries from previous terms by counting replicas."
TEST(Section5_4_2, an_entry_of_an_older_term_is_not_committed_by_counting) {
  Subject a(log_of_terms({1, 2}, 2));
  a.become_leader();  // Term 3: its no-op is entry 3.
  a.exchange();
  a.acknowledge("b", Index{2});
  EXPECT_EQ(a.node.commit_index(), Index{0});
  a.acknowledge("b", Index{3});
  EXPECT_EQ(a.node.commit_index(), Index{3});  // The older ones with it.
}

// Figure 8: S1's entry of term 2, on a majority but not committed, is overwritten by S5 and nothing
// that was applied is lost.
TEST(Figure8, an_old_entry_on_a_majority_may_still_be_overwritten) {
  Cluster cluster({"s1", "s2", "s3", "s4", "s5"}, {{"s1", log_of_terms({1, 2}, 3)},
                                                   {"s2", log_of_terms({1, 2}, 3)},
                                                   {"s3", log_of_terms({1}, 3)},
                                                   {"s4", log_of_terms({1}, 3)},
                                                   {"s5", log_of_terms({1, 3}, 3)}});
  // (c) S1 leads term 4 and brings its entry of term 2 to S3, but crashes before its own entry gets
  // there.
  cluster.cut("s1", "s5");
  cluster.cut("s1", "s4");
  cluster.campaign("s1");
  while (cluster.node("s1").role() != Role::leader) {
    ASSERT_TRUE(cluster.complete_write("s1") || cluster.deliver("s1", "s2") ||
                cluster.complete_write("s2") || cluster.deliver("s2", "s1") ||
                cluster.deliver("s1", "s3") || cluster.complete_write("s3") ||
                cluster.deliver("s3", "s1"));
  }
  cluster.drop_messages();
  cluster.receive({NodeId{"s1"}, NodeId{"s3"}, Term{4},
                   AppendEntries{Index{1}, Term{1}, {command(2, 2)}, Index{0}}});
  ASSERT_TRUE(cluster.complete_write("s3"));
  ASSERT_TRUE(cluster.deliver("s3", "s1"));
  EXPECT_EQ(cluster.node("s1").commit_index(), Index{0});
  cluster.crash("s1");
  // (d) S5 is elected with the votes of those whose last term is smaller, and overwrites.
  cluster.drop_messages();
  cluster.heal();
  cluster.isolate("s1");
  cluster.elect("s5");  // Refused, but learns of term 4.
  EXPECT_EQ(cluster.node("s5").current_term(), Term{4});
  cluster.elect("s5");
  EXPECT_EQ(cluster.leader(), "s5");
  EXPECT_EQ(cluster.log_of("s3"), cluster.log_of("s5"));
}

// Dissertation §10.2.1: "the leader may send … in parallel with writing to its disk"; it counts
// itself only when that is done.
TEST(Dissertation10_2_1, a_leader_counts_itself_only_once_its_own_write_is_done) {
  Subject a(log_of_terms({1}, 1));
  a.become_leader();
  const Ready ready = a.take();
  EXPECT_FALSE(ready.entries.empty());
  EXPECT_FALSE(Subject::bodies<AppendEntries>(ready.messages).empty());  // Not held.
  a.acknowledge("b", a.node.last_index());
  EXPECT_EQ(a.node.commit_index(), Index{0});
  a.node.persisted(ready.batch);
  EXPECT_EQ(a.node.commit_index(), a.node.last_index());
}

TEST(Dissertation10_2_1, followers_alone_may_commit_what_the_leader_has_not_written_yet) {
  Subject a(log_of_terms({1}, 1));
  a.become_leader();
  const Ready ready = a.take();
  a.acknowledge("b", a.node.last_index());
  a.acknowledge("c", a.node.last_index());
  EXPECT_EQ(a.node.commit_index(), a.node.last_index());
  EXPECT_LT(a.node.applied_index(), a.node.commit_index());  // But not apply it here.
  a.exchange();
  EXPECT_EQ(a.node.applied_index(), Index{1});
  a.node.persisted(ready.batch);
  a.exchange();
  EXPECT_EQ(a.node.applied_index(), a.node.last_index());
}

// A leader's lease lets it answer reads from its own state without asking; so no follower may have
// shown what that state does not hold yet (reliability rule 52).
TEST(Dissertation6_4, followers_are_told_of_no_commit_that_the_leader_has_not_applied) {
  Subject a(log_of_terms({1}, 1));
  a.become_leader();
  a.exchange();
  a.acknowledge("b", a.node.last_index());
  a.exchange();
  ASSERT_TRUE(a.node.propose("x"));
  const Ready write = a.take();
  a.acknowledge("b", a.node.last_index());
  a.acknowledge("c", a.node.last_index());
  ASSERT_EQ(a.node.commit_index(), Index{3});
  a.tick(1);
  const auto told = a.exchange();
  for (const auto& append : Subject::bodies<AppendEntries>(told)) {
    EXPECT_LT(append.leader_commit, Index{3});
  }
  for (const auto& beat : Subject::bodies<Heartbeat>(told)) {
    EXPECT_LT(beat.leader_commit, Index{3});
  }
  a.node.persisted(write.batch);
  EXPECT_TRUE(a.sent<AppendEntries>().size() >= 2);
  EXPECT_EQ(a.node.applied_index(), Index{3});
  a.tick(1);
  for (const auto& beat : a.sent<Heartbeat>()) EXPECT_EQ(beat.leader_commit, Index{3});
}

}  // namespace
}  // namespace conclave::raft
