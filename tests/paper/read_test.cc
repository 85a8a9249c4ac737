/// Linearizable reads: §8 of the paper, §6.4 of the dissertation.

#include "tests/paper/fixture.h"

namespace conclave::raft {
namespace {

/// Leader of term 2 whose no-op is committed and applied.
void lead(Subject& a) {
  a.become_leader();
  a.exchange();
  a.acknowledge("b", a.node.last_index());
  a.exchange();
  ASSERT_TRUE(a.node.is_ready_leader());
}

std::uint64_t latest_round(const std::vector<Message>& messages) {
  std::uint64_t round = 0;
  for (const Heartbeat& beat : Subject::bodies<Heartbeat>(messages)) round = beat.round;
  return round;
}

// §8: the leader "must check whether it has been deposed before processing a read-only request … by
// having [it] exchange heartbeat messages with a majority of the cluster".
TEST(Section8, a_read_is_answered_after_a_round_that_began_later) {
  Subject a(log_of_terms({1}, 1));
  lead(a);
  a.tick(1);
  const std::uint64_t earlier = latest_round(a.exchange());
  ASSERT_TRUE(a.node.request_read());
  const std::uint64_t later = latest_round(a.exchange());
  ASSERT_GT(later, earlier);
  a.receive("b", 2, HeartbeatReply{earlier});  // Rule 54: confirms nothing that was asked after it.
  a.exchange();
  EXPECT_TRUE(a.reads.empty());
  a.receive("b", 2, HeartbeatReply{later});
  a.exchange();
  ASSERT_EQ(a.reads.size(), 1U);
  EXPECT_EQ(a.reads[0].index, a.node.commit_index());
}

TEST(Section8, reads_of_one_turn_share_a_round) {
  Subject a(log_of_terms({1}, 1));
  lead(a);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(a.node.request_read());
  const auto messages = a.exchange();
  EXPECT_EQ(Subject::bodies<Heartbeat>(messages).size(), 2U);  // One to each follower.
  a.receive("b", 2, HeartbeatReply{latest_round(messages)});
  a.exchange();
  EXPECT_EQ(a.reads.size(), 100U);
}

// §8: "a leader must have the latest information on which entries are committed": not before its
// no-op is.
TEST(Section8, no_read_before_an_entry_of_the_own_term_is_committed) {
  Subject a(log_of_terms({1}, 1));
  a.become_leader();
  ASSERT_TRUE(a.node.request_read());
  const std::uint64_t round = latest_round(a.exchange());
  a.receive("b", 2, HeartbeatReply{round});
  a.exchange();
  EXPECT_TRUE(a.reads.empty());
  EXPECT_FALSE(a.node.is_ready_leader());
  EXPECT_EQ(a.node.lease_ticks_left(), 0U);

  a.acknowledge("b", a.node.last_index());
  a.receive("b", 2, HeartbeatReply{latest_round(a.exchange())});
  a.exchange();
  ASSERT_EQ(a.reads.size(), 1U);
  EXPECT_EQ(a.reads[0].index, a.node.last_index());
}

TEST(Section8, a_follower_has_no_read_point_to_give) {
  Subject a(log_of_terms({1}, 1));
  const auto asked = a.node.request_read();
  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().code, ErrorCode::no_leader);
}

TEST(Section8, reads_fail_when_leadership_is_lost) {
  Subject a(log_of_terms({1}, 1));
  lead(a);
  const auto asked = a.node.request_read();
  a.exchange();
  a.receive("c", 5, AppendEntriesReply{});
  const Ready ready = a.take();
  ASSERT_EQ(ready.failed_reads.size(), 1U);
  EXPECT_EQ(ready.failed_reads[0], *asked);
}

// Dissertation §6.4.1: a lease runs from when the confirmed round was *sent*.
TEST(Dissertation6_4, a_lease_runs_from_the_sending_of_the_confirmed_round) {
  Subject a(log_of_terms({1}, 1));
  lead(a);
  a.tick(1);
  const std::uint64_t round = latest_round(a.exchange());
  const std::uint64_t sent_in = a.node.ticks();
  a.tick(3);
  a.exchange();
  a.receive("b", 2, HeartbeatReply{round});
  EXPECT_EQ(a.node.lease_start_tick(), sent_in);
  EXPECT_EQ(a.node.lease_ticks_left(), test_options().lease_ticks - 3);
  a.tick(static_cast<int>(test_options().lease_ticks));
  EXPECT_EQ(a.node.lease_ticks_left(), 0U);
}

TEST(Dissertation6_4, a_lease_ends_with_leadership) {
  Subject a(log_of_terms({1}, 1));
  lead(a);
  a.tick(1);
  a.receive("b", 2, HeartbeatReply{latest_round(a.exchange())});
  ASSERT_GT(a.node.lease_ticks_left(), 0U);
  a.receive("c", 9, AppendEntriesReply{});
  EXPECT_EQ(a.node.lease_ticks_left(), 0U);
  EXPECT_FALSE(a.node.lease_start_tick());
}

// Rule 14: a lease needs voters.
TEST(Dissertation6_4, learners_do_not_confirm) {
  Configuration configuration = voters({"a", "b", "c"});
  configuration.servers.push_back({NodeId{"l"}, {}, "l:8300", Suffrage::learner});
  InitialState initial = log_of_terms({1}, 1);
  initial.entries.push_back(
      {Term{1}, Index{2}, EntryKind::configuration, encode_configuration(configuration)});
  Subject a(std::move(initial));
  lead(a);
  ASSERT_TRUE(a.node.request_read());
  const std::uint64_t round = latest_round(a.exchange());
  a.receive("l", 2, HeartbeatReply{round});
  a.exchange();
  EXPECT_TRUE(a.reads.empty());
}

}  // namespace
}  // namespace conclave::raft
