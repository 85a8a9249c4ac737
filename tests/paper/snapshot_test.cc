/// Snapshots for followers that lag too far: §7, Figure 13, dissertation chapter 5.

#include "base/core/crc32c.h"
#include "tests/paper/fixture.h"

namespace conclave::raft {
namespace {

SnapshotMeta meta(std::uint64_t index, std::uint64_t term, const std::string& id = "s") {
  return {id, Index{index}, Term{term}, voters({"a", "b", "c", "d"}), 6};
}

class Receiver : public testing::Test {
 protected:
  void chunk(const SnapshotMeta& snapshot, std::uint64_t offset, const std::string& data) {
    a.receive("b", 2, InstallSnapshot{snapshot, offset, data, crc32c(data)});
  }
  /// Takes what is ready, storing chunks and writing; keeps Ready::install.
  std::vector<Message> carry_out() {
    std::vector<Message> messages;
    while (a.node.has_ready()) {
      Ready ready = a.take();
      messages.insert(messages.end(), ready.messages.begin(), ready.messages.end());
      if (ready.log_base) base = ready.log_base;
      if (ready.must_write()) a.node.persisted(ready.batch);
      if (ready.install) install = ready.install;
      if (!ready.snapshot_chunk) continue;
      const SnapshotChunk& stored = *ready.snapshot_chunk;
      a.node.chunk_stored(stored.snapshot.id, stored.offset + stored.data.size());
    }
    return messages;
  }
  template <class Body>
  std::vector<Body> sent() {
    return Subject::bodies<Body>(carry_out());
  }
  void receive_all(const SnapshotMeta& snapshot) {
    chunk(snapshot, 0, "abc");
    carry_out();
    chunk(snapshot, 3, "def");
    carry_out();
    ASSERT_TRUE(install);
    a.node.snapshot_installed();
  }
  Subject a{log_of_terms({1, 1, 1, 1}, 1, 2)};
  std::optional<SnapshotMeta> install;
  std::optional<LogBase> base;
};

TEST_F(Receiver, asks_for_one_chunk_after_the_other) {
  chunk(meta(9, 2), 0, "abc");
  EXPECT_EQ(sent<InstallSnapshotReply>(), (std::vector{InstallSnapshotReply{"s", 3}}));
  chunk(meta(9, 2), 3, "def");
  EXPECT_TRUE(sent<InstallSnapshotReply>().empty());
  EXPECT_EQ(install, meta(9, 2));
}

TEST_F(Receiver, discards_a_log_that_does_not_hold_its_last_entry) {
  receive_all(meta(9, 2));
  EXPECT_EQ(sent<AppendEntriesReply>(),
            (std::vector{AppendEntriesReply{true, Index{9}, {}, {}, {}}}));
  EXPECT_EQ(a.node.first_index(), Index{10});
  EXPECT_EQ(a.node.last_term(), Term{2});
  EXPECT_EQ(a.node.applied_index(), Index{9});
  ASSERT_TRUE(base);
  EXPECT_EQ(base->index, Index{9});
}

TEST_F(Receiver, discards_a_log_with_another_term_at_that_index) {
  receive_all(meta(3, 2));
  carry_out();
  EXPECT_EQ(a.node.last_index(), Index{3});
  EXPECT_EQ(a.node.last_term(), Term{2});
}

// Figure 13, 6.
TEST_F(Receiver, keeps_what_follows_a_matching_entry) {
  receive_all(meta(3, 1));
  carry_out();
  EXPECT_FALSE(base);
  EXPECT_EQ(a.node.first_index(), Index{4});
  EXPECT_EQ(a.node.last_index(), Index{4});
}

TEST_F(Receiver, takes_the_configuration_from_the_snapshot) {
  receive_all(meta(9, 2));
  EXPECT_EQ(describe(a.node.configuration()), "{a b c d}");
  EXPECT_EQ(a.node.configuration_index(), Index{9});
}

// Reliability rule 8: a change that is under way is under way for who begins from a snapshot too.
TEST_F(Receiver, takes_over_a_joint_configuration) {
  SnapshotMeta snapshot = meta(9, 2);
  snapshot.configuration.outgoing = voters({"a", "b", "c"}).servers;
  receive_all(snapshot);
  EXPECT_EQ(describe(a.node.configuration()), "{a b c d} and {a b c}");
}

TEST_F(Receiver, needs_no_snapshot_of_what_is_committed_here) {
  chunk(meta(2, 1), 0, "abc");
  EXPECT_EQ(sent<AppendEntriesReply>(),
            (std::vector{AppendEntriesReply{true, Index{2}, {}, {}, {}}}));
  EXPECT_FALSE(install);
}

TEST_F(Receiver, says_what_it_needs_when_a_chunk_does_not_fit_or_is_damaged) {
  chunk(meta(9, 2), 3, "def");
  EXPECT_EQ(sent<InstallSnapshotReply>(), (std::vector{InstallSnapshotReply{"s", 0}}));
  a.receive("b", 2, InstallSnapshot{meta(9, 2), 0, "abc", 1});
  EXPECT_EQ(sent<InstallSnapshotReply>(), (std::vector{InstallSnapshotReply{"s", 0}}));
  chunk(meta(9, 2), 0, "much too long");
  EXPECT_EQ(sent<InstallSnapshotReply>(), (std::vector{InstallSnapshotReply{"s", 0}}));
}

TEST_F(Receiver, begins_anew_with_another_snapshot_and_ignores_late_chunks_of_an_older_one) {
  chunk(meta(8, 2, "old"), 0, "abc");
  carry_out();
  chunk(meta(9, 2, "new"), 0, "abc");
  EXPECT_EQ(sent<InstallSnapshotReply>(), (std::vector{InstallSnapshotReply{"new", 3}}));
  chunk(meta(8, 2, "old"), 3, "def");
  EXPECT_TRUE(carry_out().empty());
  EXPECT_FALSE(install);
}

// Found by the simulator: it waited for ever for the rest of the newer one.
TEST_F(Receiver, takes_an_older_one_of_a_later_leader) {
  chunk(meta(9, 2, "newer"), 0, "abc");
  carry_out();
  a.receive("c", 3, InstallSnapshot{meta(8, 2, "older"), 0, "abc", crc32c("abc")});
  EXPECT_EQ(sent<InstallSnapshotReply>(), (std::vector{InstallSnapshotReply{"older", 3}}));
}

TEST_F(Receiver, begins_anew_when_the_whole_is_not_what_it_should_be) {
  chunk(meta(9, 2), 0, "abc");
  carry_out();
  chunk(meta(9, 2), 3, "def");
  a.take();
  a.node.chunk_refused("s");
  EXPECT_EQ(sent<InstallSnapshotReply>(), (std::vector{InstallSnapshotReply{"s", 0}}));
}

// Reliability rule 45.
TEST_F(Receiver, neither_campaigns_nor_takes_entries_nor_commits_while_it_installs) {
  chunk(meta(9, 2), 0, "abc");
  carry_out();
  chunk(meta(9, 2), 3, "def");
  carry_out();
  ASSERT_TRUE(a.node.is_installing());
  a.receive("b", 2, AppendEntries{Index{4}, Term{1}, {command(2, 5)}, Index{5}});
  a.receive("b", 2, Heartbeat{1, Index{4}});
  a.receive("b", 2, TimeoutNow{9});
  a.tick(100);
  EXPECT_EQ(a.node.role(), Role::follower);
  EXPECT_EQ(a.node.last_index(), Index{4});
  EXPECT_EQ(a.node.commit_index(), Index{2});
  EXPECT_EQ(sent<HeartbeatReply>().size(), 1U);
}

// Reliability rule 28, for a log that went meanwhile.
TEST_F(Receiver, does_not_acknowledge_entries_that_the_snapshot_discarded) {
  a.receive("b", 2, AppendEntries{Index{4}, Term{1}, {command(2, 5), command(2, 6)}, Index{2}});
  const Ready write = a.take();
  ASSERT_TRUE(write.must_write());
  chunk(meta(5, 1), 0, "abc");
  a.node.chunk_stored("s", a.take().snapshot_chunk->data.size());
  chunk(meta(5, 1), 3, "def");
  a.take();
  a.node.chunk_stored("s", 6);
  a.take();
  a.node.snapshot_installed();
  a.node.persisted(write.batch);
  EXPECT_EQ(sent<AppendEntriesReply>(),
            (std::vector{AppendEntriesReply{true, Index{5}, {}, {}, {}}}));
}

TEST(Snapshot, goes_on_after_a_restart_where_it_stopped) {
  InitialState initial = log_of_terms({1}, 1);
  initial.partial_snapshot = PartialSnapshot{meta(9, 2), 3};
  Subject a(std::move(initial));
  a.receive("b", 2, InstallSnapshot{meta(9, 2), 0, "abc", crc32c("abc")});
  EXPECT_EQ(a.sent<InstallSnapshotReply>(), (std::vector{InstallSnapshotReply{"s", 3}}));
}

class Sender : public testing::Test {
 protected:
  static Options options() {
    Options out = test_options();
    out.snapshot_chunk_bytes = 3;
    return out;
  }
  Sender() {
    a.node.compact(Index{3});
    a.become_leader();
    a.exchange();
    a.acknowledge("c", Index{4});
    a.exchange();
    a.receive("b", 2, AppendEntriesReply{false, {}, Index{3}, Index{1}, Term{1}});
  }
  SnapshotMeta own(const std::string& id = "s") { return meta(3, 1, id); }
  std::vector<SnapshotRead> reads() { return a.take().snapshot_reads; }
  Subject a{log_of_terms({1, 1, 1}, 1, 3), {"a", "b", "c"}, options()};
};

TEST_F(Sender, wants_one_snapshot_and_reads_it_piece_by_piece) {
  EXPECT_TRUE(a.take().wants_snapshot);
  EXPECT_FALSE(a.node.has_ready());
  a.node.offer_snapshot(own());
  EXPECT_EQ(reads(), (std::vector{SnapshotRead{NodeId{"b"}, "s", 0, 3}}));
  a.node.send_chunk(NodeId{"b"}, "s", 0, "abc");
  EXPECT_EQ(a.sent<InstallSnapshot>(),
            (std::vector{InstallSnapshot{own(), 0, "abc", crc32c("abc")}}));
  a.receive("b", 2, InstallSnapshotReply{"s", 3});
  EXPECT_EQ(reads(), (std::vector{SnapshotRead{NodeId{"b"}, "s", 3, 3}}));
}

TEST_F(Sender, goes_on_with_entries_once_the_follower_has_it) {
  a.take();
  a.node.offer_snapshot(own());
  a.take();
  a.acknowledge("b", Index{3});
  EXPECT_FALSE(a.node.is_sending_snapshot());
  const auto appends = a.sent<AppendEntries>();
  ASSERT_EQ(appends.size(), 1U);
  EXPECT_EQ(appends[0].prev_log_index, Index{3});
}

TEST_F(Sender, goes_back_when_the_follower_has_lost_it) {
  a.take();
  a.node.offer_snapshot(own());
  a.take();
  a.node.send_chunk(NodeId{"b"}, "s", 0, "abc");
  a.receive("b", 2, InstallSnapshotReply{"s", 3});
  a.exchange();
  a.receive("b", 2, InstallSnapshotReply{"s", 0});
  EXPECT_EQ(reads(), (std::vector{SnapshotRead{NodeId{"b"}, "s", 0, 3}}));
}

TEST_F(Sender, sends_a_chunk_again_when_no_answer_came_for_an_election_timeout) {
  a.take();
  a.node.offer_snapshot(own());
  a.take();
  a.node.send_chunk(NodeId{"b"}, "s", 0, "abc");
  a.tick(9);
  a.receive("c", 2, HeartbeatReply{1});
  a.receive("b", 2, HeartbeatReply{1});
  EXPECT_TRUE(reads().empty());
  a.tick(1);
  a.receive("b", 2, HeartbeatReply{2});
  EXPECT_EQ(reads(), (std::vector{SnapshotRead{NodeId{"b"}, "s", 0, 3}}));
}

TEST_F(Sender, begins_anew_with_another_when_one_is_lost) {
  a.take();
  a.node.offer_snapshot(own());
  a.exchange();
  a.node.lose_snapshot("s");
  a.receive("b", 2, HeartbeatReply{1});
  EXPECT_TRUE(a.take().wants_snapshot);
  a.node.offer_snapshot(own("t"));
  EXPECT_EQ(reads(), (std::vector{SnapshotRead{NodeId{"b"}, "t", 0, 3}}));
}

TEST_F(Sender, asks_again_later_when_there_is_none_or_a_useless_one) {
  a.take();
  a.node.no_snapshot();
  EXPECT_FALSE(a.node.has_ready());
  a.receive("b", 2, HeartbeatReply{1});
  EXPECT_TRUE(a.take().wants_snapshot);
  a.node.offer_snapshot(meta(2, 1));  // Entry 3 is neither in it nor in the log.
  EXPECT_FALSE(a.node.has_ready());
  a.receive("b", 2, HeartbeatReply{1});
  EXPECT_TRUE(a.take().wants_snapshot);
}

// Found by the simulator: flow control alone kept the leader silent for ever.
TEST(Snapshot, is_wanted_when_what_was_sent_got_lost_and_is_compacted) {
  Options options = test_options();
  options.inflight_messages_max = 1;
  Subject a(log_of_terms({1}, 1), {"a", "b", "c"}, options);
  a.become_leader();
  a.exchange();
  a.acknowledge("b", Index{2});
  a.acknowledge("c", Index{2});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(a.node.propose("x"));
  a.exchange();
  a.acknowledge("c", Index{5});
  a.exchange();
  a.node.compact(Index{5});
  a.receive("b", 2, HeartbeatReply{1});
  EXPECT_TRUE(a.take().wants_snapshot);
}

TEST_F(Sender, keeps_the_entries_that_follow_a_snapshot_under_way) {
  a.take();
  a.node.offer_snapshot(own());
  a.exchange();
  a.node.compact(Index{4});
  EXPECT_EQ(a.node.first_index(), Index{4});
}

TEST_F(Sender, keeps_the_entries_that_follow_a_snapshot_being_made) {
  EXPECT_TRUE(a.take().wants_snapshot);
  ASSERT_EQ(a.node.applied_index(), Index{4});
  ASSERT_TRUE(a.node.propose("x"));
  a.exchange();
  a.acknowledge("c", Index{5});
  a.exchange();
  a.node.compact(Index{5});
  EXPECT_EQ(a.node.first_index(), Index{5});
  a.node.offer_snapshot(meta(4, 2));
  EXPECT_EQ(reads().size(), 1U);
}

TEST_F(Sender, keeps_the_entries_that_a_follower_needs_next_until_it_has_caught_up) {
  a.take();
  a.node.offer_snapshot(own());
  a.exchange();
  for (std::uint64_t index = 5; index < 8; ++index) {
    ASSERT_TRUE(a.node.propose("x"));
    a.exchange();
    a.acknowledge("c", Index{index});
    a.exchange();
  }
  a.acknowledge("b", Index{3});  // The snapshot is in place.
  a.exchange();
  a.node.compact(Index{7});
  EXPECT_EQ(a.node.first_index(), Index{4});
  a.acknowledge("b", Index{7});
  a.exchange();
  a.node.compact(Index{7});
  EXPECT_EQ(a.node.first_index(), Index{8});
}

// A server that joined 1 GB under load never got there: each snapshot was useless when it arrived.
TEST(Snapshot, on_its_way_has_a_limit_of_its_own_for_the_entries_after_it) {
  Options options = test_options();
  options.retained_bytes_max = 10;
  options.transfer_bytes_max = 100;
  Subject a(log_of_terms({1, 1, 1}, 1, 3), {"a", "b", "c"}, options);
  a.node.compact(Index{3});
  a.become_leader();
  a.exchange();
  a.acknowledge("c", Index{4});
  a.exchange();
  a.receive("b", 2, AppendEntriesReply{false, {}, Index{3}, Index{1}, Term{1}});
  a.take();
  a.node.offer_snapshot(meta(3, 1));
  const auto write = [&a](std::uint64_t index) {
    ASSERT_TRUE(a.node.propose(std::string(20, 'x')));
    a.exchange();
    a.acknowledge("c", Index{index});
    a.exchange();
    a.node.compact(Index{index});
  };
  for (std::uint64_t index = 5; index < 10; ++index) write(index);
  EXPECT_EQ(a.node.first_index(), Index{4});
  write(10);
  EXPECT_GT(a.node.first_index(), Index{4});
}

TEST_F(Sender, sends_heartbeats_meanwhile) {
  a.take();
  a.node.offer_snapshot(own());
  a.exchange();
  a.tick(1);
  EXPECT_EQ(a.sent<Heartbeat>().size(), 2U);
}

TEST(Snapshot, brings_a_new_server_up_to_date) {
  Cluster cluster({"a", "b", "c"});
  cluster.elect("a");
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(cluster.propose("a", "entry" + std::to_string(i)));
  cluster.settle();
  cluster.compact("a");
  cluster.join("d");
  ASSERT_TRUE(cluster.change(
      "a", std::vector<MembershipChange>{{MembershipChange::Kind::add_learner,
                                          {NodeId{"d"}, {}, "d:8300", Suffrage::learner}}}));
  cluster.settle();
  EXPECT_EQ(cluster.applied("d"), cluster.applied("a"));
  EXPECT_EQ(cluster.node("d").first_index(), Index{13});
  cluster.crash("d");
  cluster.restart("d");
  EXPECT_EQ(cluster.applied("d"), cluster.applied("a"));
}

}  // namespace
}  // namespace conclave::raft
