/// What Node promises beyond the paper: a lone voter, limits, flow control, determinism. The
/// paper's rules are in tests/paper.

#include "raft/core/node.h"

#include "tests/paper/fixture.h"

namespace conclave::raft {
namespace {

Subject lone(InitialState initial = log_of_terms({1}, 1), const Options& options = test_options()) {
  return Subject(std::move(initial), {"a"}, options);
}

TEST(LoneVoter, campaigning_makes_it_leader_with_vote_and_noop_in_one_write) {
  Subject a = lone();
  a.node.campaign();
  EXPECT_EQ(a.node.role(), Role::leader);
  const Ready ready = a.take();
  ASSERT_TRUE(ready.hard_state);
  EXPECT_EQ(ready.hard_state->current_term, Term{2});
  EXPECT_EQ(ready.hard_state->voted_for, NodeId{"a"});
  ASSERT_EQ(ready.entries.size(), 1U);
  EXPECT_EQ(ready.entries[0].kind, EntryKind::noop);
  EXPECT_FALSE(a.node.is_ready_leader());
  a.node.persisted(ready.batch);
  a.exchange();
  EXPECT_TRUE(a.node.is_ready_leader());
  EXPECT_EQ(a.node.applied_index(), Index{2});
}

TEST(LoneVoter, it_becomes_leader_by_itself_after_the_timeout) {
  Subject a = lone();
  a.tick(20);
  EXPECT_EQ(a.node.role(), Role::leader);
}

TEST(LoneVoter, its_lease_never_ends_and_it_never_steps_down) {
  Subject a = lone();
  a.node.campaign();
  EXPECT_EQ(a.node.lease_ticks_left(), 0U);  // Not before its no-op is applied.
  a.exchange();
  a.tick(1000);
  EXPECT_EQ(a.node.lease_ticks_left(), Node::forever);
  EXPECT_EQ(a.node.role(), Role::leader);
  EXPECT_FALSE(a.node.has_ready());  // Time alone gives it nothing to do.
}

TEST(LoneVoter, a_read_needs_nobody) {
  Subject a = lone();
  a.node.campaign();
  ASSERT_TRUE(a.node.request_read());
  EXPECT_TRUE(a.take().reads.empty());  // The no-op is not written yet.
  a.node.persisted(1);
  a.exchange();
  ASSERT_EQ(a.reads.size(), 1U);
  EXPECT_EQ(a.reads[0].index, Index{2});
}

TEST(LoneVoter, with_a_learner_its_vote_is_durable_before_the_learner_hears_of_the_term) {
  Configuration configuration = voters({"a"});
  configuration.servers.push_back({NodeId{"l"}, {}, "l:8300", Suffrage::learner});
  InitialState initial = log_of_terms({1}, 1);
  initial.entries.push_back(
      {Term{1}, Index{2}, EntryKind::configuration, encode_configuration(configuration)});
  Subject a(std::move(initial), {"a"});
  a.node.campaign();
  EXPECT_EQ(a.node.role(), Role::candidate);
  const Ready vote = a.take();
  EXPECT_TRUE(vote.messages.empty());
  a.node.persisted(vote.batch);
  EXPECT_EQ(a.node.role(), Role::leader);
}

TEST(Writes, what_is_proposed_during_a_write_goes_into_the_next_one) {
  Subject a = lone();
  a.node.campaign();
  a.exchange();
  ASSERT_TRUE(a.node.propose("1"));
  const Ready first = a.take();
  EXPECT_EQ(first.entries.size(), 1U);
  ASSERT_TRUE(a.node.propose("2"));
  ASSERT_TRUE(a.node.propose("3"));
  EXPECT_FALSE(a.node.has_ready());  // One write at a time.
  a.node.persisted(first.batch);
  const Ready second = a.take();
  EXPECT_EQ(second.entries.size(), 2U);
  EXPECT_GT(second.batch, first.batch);
  ASSERT_EQ(second.committed.size(), 1U);  // Handed out in the same Ready as the next write.
  EXPECT_EQ(second.committed[0].payload, "1");
}

TEST(Writes, nothing_is_applied_before_it_is_on_disk) {
  Subject a = lone();
  a.node.campaign();
  a.exchange();
  ASSERT_TRUE(a.node.propose("1"));
  EXPECT_TRUE(a.take().committed.empty());
}

TEST(Start, what_is_known_to_be_committed_is_applied_first) {
  Subject a(log_of_terms({1, 1, 1}, 1, 2));
  EXPECT_EQ(a.applied.size(), 2U);
  EXPECT_EQ(a.node.commit_index(), Index{2});
}

TEST(Start, a_state_ahead_of_the_commit_hint_is_not_applied_again) {
  InitialState initial = log_of_terms({1, 1, 1}, 1, 1);
  initial.applied_index = Index{3};
  Subject a(std::move(initial));
  EXPECT_TRUE(a.applied.empty());
  EXPECT_EQ(a.node.commit_index(), Index{3});
}

TEST(Start, committed_entries_come_in_pieces_of_bounded_size) {
  Options options = test_options();
  options.apply_bytes_max = 2;
  Subject a(log_of_terms({1, 1, 1, 1, 1}, 1, 5), {"a", "b", "c"}, options);
  EXPECT_EQ(a.applied.size(), 5U);
  InitialState again = log_of_terms({1, 1, 1, 1, 1}, 1, 5);
  again.configuration = voters({"a"});
  Node node(NodeId{"a"}, options, std::move(again), Rng(1));
  EXPECT_EQ(node.take_ready().committed.size(), 2U);
}

TEST(StartDeath, a_log_that_ends_before_the_state_is_a_fault) {
  InitialState initial = log_of_terms({1}, 1);
  initial.applied_index = Index{2};
  EXPECT_DEATH(Subject(std::move(initial)), "as far as the state");
}

TEST(Proposals, are_refused_by_who_does_not_lead) {
  Subject a;
  const auto index = a.node.propose("x");
  ASSERT_FALSE(index);
  EXPECT_EQ(index.error().code, ErrorCode::no_leader);
}

TEST(Proposals, uncommitted_bytes_are_bounded_and_return_to_zero) {
  Options options = test_options();
  options.uncommitted_bytes_max = 10;
  Subject a(log_of_terms({1}, 1), {"a", "b", "c"}, options);
  a.become_leader();
  a.exchange();
  a.acknowledge("b", a.node.last_index());
  EXPECT_EQ(a.node.uncommitted_bytes(), 0U);
  ASSERT_TRUE(a.node.propose(std::string(100, 'x')));  // A single one goes through.
  const auto refused = a.node.propose("y");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::too_many);
  a.exchange();
  a.acknowledge("b", a.node.last_index());
  EXPECT_EQ(a.node.uncommitted_bytes(), 0U);
  EXPECT_TRUE(a.node.propose("y"));
}

TEST(Proposals, uncommitted_bytes_are_forgotten_with_leadership) {
  Subject a(log_of_terms({1}, 1));
  a.become_leader();
  ASSERT_TRUE(a.node.propose("abc"));
  EXPECT_GE(a.node.uncommitted_bytes(), 3U);
  a.receive("b", 9, AppendEntriesReply{});
  EXPECT_EQ(a.node.uncommitted_bytes(), 0U);
}

TEST(Reads, are_bounded) {
  Options options = test_options();
  options.reads_max = 2;
  Subject a(log_of_terms({1}, 1), {"a", "b", "c"}, options);
  a.become_leader();
  ASSERT_TRUE(a.node.request_read());
  ASSERT_TRUE(a.node.request_read());
  const auto third = a.node.request_read();
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, ErrorCode::too_many);
}

TEST(FlowControl, an_unknown_follower_gets_one_probe_at_a_time) {
  Subject a(log_of_terms({1}, 1));
  a.become_leader();
  EXPECT_EQ(a.sent<AppendEntries>().size(), 2U);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(a.node.propose("x"));
  EXPECT_TRUE(a.sent<AppendEntries>().empty());
  a.acknowledge("b", Index{2});
  const auto sent = a.sent<AppendEntries>();
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(sent[0].entries.size(), 5U);  // Everything that waited, in one message.
  EXPECT_TRUE(sent[1].entries.empty());   // And what that committed, once it is applied.
}

TEST(FlowControl, unanswered_messages_are_bounded) {
  Options options = test_options();
  options.inflight_messages_max = 3;
  Subject a(log_of_terms({1}, 1), {"a", "b", "c"}, options);
  a.become_leader();
  a.exchange();
  a.acknowledge("b", Index{2});
  a.exchange();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(a.node.propose("x"));
  EXPECT_EQ(a.sent<AppendEntries>().size(), 3U);
  a.acknowledge("b", Index{4});
  const auto rest = a.sent<AppendEntries>();
  ASSERT_EQ(rest.size(), 2U);
  EXPECT_EQ(rest[0].entries.size(), 7U);  // All that waited fits into one.
  EXPECT_TRUE(rest[1].entries.empty());   // The commit index.
}

TEST(FlowControl, a_message_carries_a_bounded_number_of_bytes) {
  Options options = test_options();
  options.append_bytes_max = 10;
  InitialState initial = log_of_terms({}, 1);
  for (std::uint64_t i = 1; i <= 5; ++i) initial.entries.push_back(command(1, i, "sixsix"));
  Subject a(std::move(initial), {"a", "b", "c"}, options);
  a.become_leader();
  a.exchange();
  a.receive("b", 2, AppendEntriesReply{false, {}, Index{5}, Index{0}, Term{0}});
  const auto probe = a.sent<AppendEntries>();
  ASSERT_EQ(probe.size(), 1U);
  EXPECT_EQ(probe[0].prev_log_index, Index{0});
  EXPECT_EQ(probe[0].entries.size(), 1U);
}

TEST(FlowControl, lost_entries_are_found_by_the_next_heartbeat) {
  Subject a(log_of_terms({1}, 1));
  a.become_leader();
  a.exchange();
  a.acknowledge("b", Index{2});
  a.exchange();
  ASSERT_TRUE(a.node.propose("lost"));
  a.exchange();
  a.tick(1);
  const auto beats = a.sent<Heartbeat>();
  a.receive("b", 2, HeartbeatReply{beats[0].round});
  const auto probe = a.sent<AppendEntries>();
  ASSERT_EQ(probe.size(), 1U);
  EXPECT_TRUE(probe[0].entries.empty());
  a.receive("b", 2, AppendEntriesReply{false, {}, probe[0].prev_log_index, Index{2}, Term{2}});
  const auto again = a.sent<AppendEntries>();
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].entries.size(), 1U);
}

TEST(FlowControl, bytes_under_way_to_one_peer_are_bounded) {
  Options options = test_options();
  options.append_bytes_max = 10;
  options.inflight_bytes_max = 25;
  Subject a(log_of_terms({1}, 1), {"a", "b", "c"}, options);
  a.become_leader();
  a.exchange();
  a.acknowledge("b", Index{2});
  a.exchange();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(a.node.propose("0123456789"));
  EXPECT_EQ(a.sent<AppendEntries>().size(), 3U);  // The third began below the limit.
  a.acknowledge("b", Index{5});
  EXPECT_EQ(a.sent<AppendEntries>().size(), 3U);  // The last one with the commit index alone.
}

TEST(FlowControl, without_a_snapshot_a_follower_behind_the_base_gets_heartbeats_only) {
  InitialState initial = log_of_terms({1, 1, 1}, 1, 3);
  Subject a(std::move(initial));
  a.node.compact(Index{3});
  a.become_leader();
  a.exchange();
  a.receive("b", 2, AppendEntriesReply{false, {}, Index{3}, Index{0}, Term{0}});
  EXPECT_TRUE(a.sent<AppendEntries>().empty());
  a.tick(1);
  EXPECT_EQ(a.sent<Heartbeat>().size(), 2U);
}

TEST(Distrust, numbers_that_cannot_be_are_not_believed) {
  Subject a(log_of_terms({1}, 1));
  a.become_leader();
  a.exchange();
  a.acknowledge("b", Index{99});
  a.acknowledge("c", Index{99});
  a.receive("b", 2, HeartbeatReply{99});
  EXPECT_EQ(a.node.commit_index(), Index{0});
  Subject b(log_of_terms({1}, 1));
  // A gap, a falling term, a term that the sender cannot know.
  b.receive("b", 2, AppendEntries{Index{1}, Term{1}, {command(2, 3)}, Index{0}});
  b.receive("b", 2, AppendEntries{Index{1}, Term{1}, {command(2, 2), command(1, 3)}, Index{0}});
  b.receive("b", 2, AppendEntries{Index{1}, Term{1}, {command(7, 2)}, Index{0}});
  b.exchange();
  EXPECT_EQ(b.node.last_index(), Index{1});
}

TEST(Distrust, messages_for_somebody_else_and_from_oneself_are_dropped) {
  Subject a(log_of_terms({1}, 1));
  a.node.receive({NodeId{"b"}, NodeId{"c"}, Term{9}, AppendEntriesReply{}});
  a.node.receive({NodeId{"a"}, NodeId{"a"}, Term{9}, AppendEntriesReply{}});
  EXPECT_EQ(a.node.current_term(), Term{1});
}

TEST(Compaction, forgets_entries_and_keeps_the_configuration_in_force) {
  InitialState initial;
  initial.hard_state.current_term = Term{1};
  initial.entries = {first_entry(voters({"a", "b"})), command(1, 2),
                     first_entry(voters({"a", "b", "c"}))};
  initial.entries[2].index = Index{3};
  initial.commit_index = Index{3};
  Subject a(std::move(initial), {});
  a.node.compact(Index{2});
  EXPECT_EQ(a.node.configuration(), voters({"a", "b", "c"}));
  a.node.compact(Index{3});
  EXPECT_EQ(a.node.configuration(), voters({"a", "b", "c"}));
  EXPECT_EQ(a.node.configuration_index(), Index{3});
  EXPECT_EQ(a.node.first_index(), Index{4});
}

TEST(Compaction, keeps_as_many_entries_before_the_checkpoint_as_asked_within_the_bytes_allowed) {
  Options options = test_options();
  options.trailing_entries = 2;
  options.retained_bytes_max = 3;
  Subject a(log_of_terms({1, 1, 1, 1, 1, 1}, 1, 6), {"a", "b", "c"}, options);
  a.node.compact(Index{1});
  EXPECT_EQ(a.node.first_index(), Index{1});
  a.node.compact(Index{5});
  EXPECT_EQ(a.node.first_index(), Index{4});
  options.trailing_entries = 5;
  Subject b(log_of_terms({1, 1, 1, 1, 1, 1}, 1, 6), {"a", "b", "c"}, options);
  b.node.compact(Index{6});
  EXPECT_EQ(b.node.first_index(), Index{4});
}

TEST(CompactionDeath, what_is_not_applied_is_kept) {
  Subject a(log_of_terms({1, 1}, 1, 1));
  EXPECT_DEATH(a.node.compact(Index{2}), "applied");
}

TEST(Configurations, an_entry_that_cannot_be_read_stops_the_server) {
  Subject a(log_of_terms({1}, 1));
  const Entry unreadable{Term{2}, Index{2}, EntryKind::configuration, "later version"};
  EXPECT_DEATH(a.receive("b", 2, AppendEntries{Index{1}, Term{1}, {unreadable}, Index{0}}),
               "never skipped");
}

TEST(HostContract, completions_out_of_order_are_faults) {
  Subject a = lone();
  EXPECT_DEATH(a.node.persisted(1), "without a write");
  a.node.campaign();
  (void)a.take();
  EXPECT_DEATH(a.node.persisted(7), "order of the batches");
}

// "Same inputs and seed, same outputs, byte for byte."
TEST(Determinism, the_same_story_is_told_twice_alike) {
  const auto tell = [] {
    Cluster cluster({"a", "b", "c"});
    for (int i = 0; i < 40; ++i) {
      for (const char* name : {"a", "b", "c"}) cluster.tick(name);
      cluster.settle();
      if (!cluster.leader().empty()) (void)cluster.propose(cluster.leader(), std::to_string(i));
    }
    return cluster.take_trace();
  };
  const auto first = tell();
  EXPECT_GT(first.size(), 50U);
  EXPECT_EQ(first, tell());
}

}  // namespace
}  // namespace conclave::raft
