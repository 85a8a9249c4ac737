/// Log replication: §5.3, §5.5, §6 and §8 of the paper.

#include "tests/paper/fixture.h"

namespace conclave::raft {
namespace {

// §5.3: "The leader appends the command to its log as a new entry, then issues AppendEntries RPCs
// in parallel".
TEST(Section5_3, a_proposal_is_appended_and_sent_to_every_follower) {
  Subject a(log_of_terms({1}, 1));
  a.become_leader();
  a.exchange();
  a.acknowledge("b", a.node.last_index());
  a.acknowledge("c", a.node.last_index());
  a.exchange();
  const Index prev = a.node.last_index();
  ASSERT_EQ(a.node.propose("y"), next(prev));
  const auto sent = a.sent<AppendEntries>();
  ASSERT_EQ(sent.size(), 2U);
  for (const AppendEntries& append : sent) {
    EXPECT_EQ(append.prev_log_index, prev);
    EXPECT_EQ(append.prev_log_term, Term{2});
    ASSERT_EQ(append.entries.size(), 1U);
    EXPECT_EQ(append.entries[0], command(2, prev.value + 1, "y"));
  }
}

// §5.3, Figure 2 AppendEntries 2: "If the follower does not find an entry in its log with the same
// index and term, then it refuses the new entries."
TEST(Section5_3, an_append_is_refused_unless_the_entry_before_it_matches) {
  struct Case {
    std::uint64_t prev_term, prev_index;
    bool success;
  };
  const Case cases[] = {{0, 0, true},  {1, 1, true},  {2, 2, true},
                        {1, 2, false}, {2, 3, false}, {3, 3, false}};
  for (const Case& c : cases) {
    Subject a(log_of_terms({1, 2}, 2));
    a.receive("b", 3, AppendEntries{Index{c.prev_index}, Term{c.prev_term}, {}, Index{0}});
    const auto replies = a.sent<AppendEntriesReply>();
    ASSERT_EQ(replies.size(), 1U);
    EXPECT_EQ(replies[0].success, c.success) << c.prev_term << ':' << c.prev_index;
    EXPECT_EQ(a.terms(), (std::vector<std::uint64_t>{1, 2}));
  }
}

// Figure 2, AppendEntries 3 and 4: "If an existing entry conflicts with a new one (same index but
// different terms), delete the existing entry and all that follow it. Append any new entries not
// already in the log."
TEST(Section5_3, only_conflicting_entries_are_removed) {
  struct Case {
    std::vector<std::uint64_t> own;
    std::uint64_t prev_index;
    std::vector<std::uint64_t> sent;
    std::vector<std::uint64_t> after;
  };
  const Case cases[] = {
      {{1, 1}, 2, {2}, {1, 1, 2}},
      {{1, 1, 1}, 1, {2}, {1, 2}},
      {{1, 1, 1}, 0, {1}, {1, 1, 1}},           // Held already: nothing is removed.
      {{1, 1, 1}, 1, {1, 1, 3}, {1, 1, 1, 3}},  // Held in part.
      {{1, 2, 2}, 0, {1, 3}, {1, 3}},
      {{1, 1, 1, 2, 2}, 2, {1, 3, 3}, {1, 1, 1, 3, 3}},
  };
  for (const Case& c : cases) {
    Subject a(log_of_terms(c.own, 3));
    AppendEntries append{Index{c.prev_index}, Term{c.prev_index == 0 ? 0U : 1U}, {}, Index{0}};
    for (std::size_t i = 0; i < c.sent.size(); ++i) {
      append.entries.push_back(command(c.sent[i], c.prev_index + i + 1));
    }
    a.receive("b", 3, append);
    const auto replies = a.sent<AppendEntriesReply>();
    ASSERT_EQ(replies.size(), 1U);
    EXPECT_TRUE(replies[0].success);
    EXPECT_EQ(replies[0].match_index, Index{c.prev_index + c.sent.size()});
    EXPECT_EQ(a.terms(), c.after);
  }
}

// §5.3: repeated and late messages (rule 32 of the catalogue: they must not remove what was
// acknowledged since).
TEST(Section5_5, a_late_repetition_of_an_append_removes_nothing) {
  Subject a(log_of_terms({1}, 1));
  const AppendEntries first{Index{1}, Term{1}, {command(2, 2)}, Index{1}};
  a.receive("b", 2, first);
  a.receive("b", 2, AppendEntries{Index{2}, Term{2}, {command(2, 3)}, Index{1}});
  a.receive("b", 2, first);
  a.exchange();
  EXPECT_EQ(a.terms(), (std::vector<std::uint64_t>{1, 2, 2}));
}

// A success is a promise: it leaves only when the entries are on disk (Figure 2, persistent state).
TEST(Section5_3, an_append_is_acknowledged_only_once_it_is_on_disk) {
  Subject a(log_of_terms({1}, 2));
  a.receive("b", 2, AppendEntries{Index{1}, Term{1}, {command(2, 2)}, Index{2}});
  const Ready ready = a.take();
  EXPECT_EQ(ready.entries.size(), 1U);
  EXPECT_TRUE(ready.messages.empty());
  EXPECT_TRUE(ready.committed.empty() || ready.committed.back().index == Index{1});
  // Repeated while the write runs: held as well.
  a.receive("b", 2, AppendEntries{Index{1}, Term{1}, {command(2, 2)}, Index{2}});
  EXPECT_TRUE(a.exchange().empty());
  a.node.persisted(ready.batch);
  EXPECT_EQ(a.sent<AppendEntriesReply>().size(), 2U);
  EXPECT_EQ(a.node.applied_index(), Index{2});
}

// Rule 28: a promise belongs to the term it was made in.
TEST(Section5_3, an_acknowledgement_held_over_a_change_of_term_is_dropped) {
  Subject a(log_of_terms({1}, 2));
  a.receive("b", 2, AppendEntries{Index{1}, Term{1}, {command(2, 2)}, Index{1}});
  const Ready ready = a.take();
  a.receive("c", 3, Heartbeat{1, Index{0}});
  a.node.persisted(ready.batch);
  EXPECT_TRUE(a.sent<AppendEntriesReply>().empty());
}

// Figure 7: whatever the followers' logs look like, the leader makes them like its own.
TEST(Figure7, a_leader_brings_every_kind_of_log_into_line) {
  const std::vector<std::uint64_t> leader = {1, 1, 1, 4, 4, 5, 5, 6, 6, 6};
  const std::vector<std::vector<std::uint64_t>> followers = {
      {1, 1, 1, 4, 4, 5, 5, 6, 6},           // (a)
      {1, 1, 1, 4},                          // (b)
      {1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6},     // (c)
      {1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7},  // (d)
      {1, 1, 1, 4, 4, 4, 4},                 // (e)
      {1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3},     // (f)
  };
  for (const auto& follower : followers) {
    // The third server has an empty log: its vote elects the leader even where the follower's log
    // is more up to date.
    Cluster cluster({"a", "b", "c"}, {{"a", log_of_terms(leader, 7)},
                                      {"b", log_of_terms(follower, 7)},
                                      {"c", log_of_terms({}, 7)}});
    cluster.elect("a");
    cluster.tick("a", 2);
    cluster.settle();
    EXPECT_EQ(cluster.leader(), "a");
    EXPECT_EQ(cluster.log_of("b"), cluster.log_of("a"));
    EXPECT_EQ(cluster.log_of("c"), cluster.log_of("a"));
    EXPECT_EQ(cluster.applied("b"), cluster.applied("a"));
  }
}

// §5.3: "the protocol can be optimized to reduce the number of rejected AppendEntries RPCs": one
// probe per term.
TEST(Section5_3, a_conflict_is_found_with_one_probe_per_term) {
  std::vector<std::uint64_t> long_conflict(100, 2);
  long_conflict.insert(long_conflict.begin(), 1);
  std::vector<std::uint64_t> leader(100, 3);
  leader.insert(leader.begin(), 1);
  Cluster cluster({"a", "b", "c"}, {{"a", log_of_terms(leader, 4)},
                                    {"b", log_of_terms(long_conflict, 4)},
                                    {"c", log_of_terms(leader, 4)}});
  cluster.elect("a");
  int refusals = 0;
  for (const std::string& line : cluster.take_trace()) {
    if (line.starts_with("b → a") && line.contains("refused")) ++refusals;
  }
  EXPECT_LE(refusals, 2);
  EXPECT_EQ(cluster.log_of("b"), cluster.log_of("a"));
}

// §5.3 "Leader Append-Only": a leader never overwrites or deletes entries in its log.
TEST(Figure3, a_second_leader_in_one_term_is_a_fault) {
  Subject a(log_of_terms({1}, 1));
  a.become_leader();
  EXPECT_DEATH(a.receive("b", 2, AppendEntries{Index{1}, Term{1}, {}, Index{0}}),
               "Election Safety");
}

TEST(Figure3, a_conflict_below_the_commit_index_is_a_fault) {
  Subject a(log_of_terms({1, 1}, 1, 2));
  EXPECT_DEATH(a.receive("b", 3, AppendEntries{Index{1}, Term{1}, {command(3, 2)}, Index{0}}),
               "Leader Completeness");
}

// §5.5: "If a follower … crashes, then future … RPCs sent to it will fail. Raft handles these
// failures by retrying indefinitely".
TEST(Section5_5, lost_messages_are_made_up_for) {
  Cluster cluster({"a", "b", "c"});
  cluster.elect("a");
  cluster.isolate("c");
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(cluster.propose("a", std::to_string(i)));
  cluster.settle();
  EXPECT_EQ(cluster.applied("b").size(), 5U);
  EXPECT_TRUE(cluster.applied("c").empty());
  cluster.heal();
  cluster.tick("a", 2);
  cluster.settle();
  EXPECT_EQ(cluster.applied("c"), cluster.applied("a"));
}

TEST(Section5_5, a_follower_that_crashed_with_an_unfinished_write_catches_up) {
  Cluster cluster({"a", "b", "c"});
  cluster.elect("a");
  ASSERT_TRUE(cluster.propose("a", "x"));
  ASSERT_TRUE(cluster.deliver("a", "c"));
  ASSERT_TRUE(cluster.write_pending("c"));
  cluster.crash("c");
  cluster.restart("c");
  cluster.settle();
  cluster.tick("a", 2);
  cluster.settle();
  EXPECT_EQ(cluster.log_of("c"), cluster.log_of("a"));
}

TEST(Section5_5, all_servers_may_restart_at_once_and_keep_what_was_committed) {
  Cluster cluster({"a", "b", "c"});
  cluster.elect("a");
  ASSERT_TRUE(cluster.propose("a", "x"));
  cluster.settle();
  for (const char* name : {"a", "b", "c"}) cluster.crash(name);
  cluster.drop_messages();
  for (const char* name : {"a", "b", "c"}) cluster.restart(name);
  for (const char* name : {"a", "b", "c"}) cluster.tick(name, 8);
  cluster.drop_messages();
  cluster.elect("b");
  EXPECT_EQ(cluster.leader(), "b");
  cluster.tick("b");
  cluster.settle();
  for (const char* name : {"a", "b", "c"}) {
    EXPECT_EQ(cluster.applied(name), (std::vector<std::string>{"x"})) << name;
  }
}

// §6: "a server always uses the latest configuration in its log, regardless of whether the entry is
// committed".
TEST(Section6, the_latest_configuration_in_the_log_is_in_force_and_goes_with_its_entry) {
  Subject a(log_of_terms({1}, 1));
  Entry change{Term{2}, Index{2}, EntryKind::configuration,
               encode_configuration(voters({"a", "b", "c", "d"}))};
  a.receive("b", 2, AppendEntries{Index{1}, Term{1}, {change}, Index{1}});
  EXPECT_EQ(a.node.configuration(), voters({"a", "b", "c", "d"}));
  EXPECT_EQ(a.node.configuration_index(), Index{2});
  // Another leader's log does not have it (rule 7: the configuration rolls back with the log).
  a.receive("c", 3, AppendEntries{Index{1}, Term{1}, {command(3, 2)}, Index{1}});
  EXPECT_EQ(a.node.configuration(), voters({"a", "b", "c"}));
}

// §6: "Agreement (for elections and entry commitment) requires separate majorities from both the
// old and new configurations."
TEST(Section6, joint_consensus_needs_both_majorities) {
  Configuration joint = voters({"a", "b", "c"});
  joint.outgoing = voters({"a", "d", "e"}).servers;
  InitialState initial = log_of_terms({1}, 1);
  initial.entries.push_back(
      {Term{1}, Index{2}, EntryKind::configuration, encode_configuration(joint)});
  Subject a(std::move(initial));
  a.node.campaign();
  a.exchange();
  a.receive("b", 1, RequestVoteReply{Term{2}, true, true});
  EXPECT_EQ(a.node.role(), Role::pre_candidate);
  a.receive("d", 1, RequestVoteReply{Term{2}, true, true});
  EXPECT_EQ(a.node.role(), Role::candidate);
  a.exchange();
  a.receive("b", 2, RequestVoteReply{Term{2}, false, true});
  a.receive("c", 2, RequestVoteReply{Term{2}, false, true});
  EXPECT_EQ(a.node.role(), Role::candidate);
  a.receive("e", 2, RequestVoteReply{Term{2}, false, true});
  EXPECT_EQ(a.node.role(), Role::leader);
  a.exchange();
  a.acknowledge("b", Index{3});
  a.acknowledge("c", Index{3});
  EXPECT_EQ(a.node.commit_index(), Index{0});
  a.acknowledge("d", Index{3});
  EXPECT_EQ(a.node.commit_index(), Index{3});
}

// §8: "having each leader commit a blank no-op entry into the log at the start of its term".
TEST(Section8, a_new_leader_appends_a_noop) {
  Subject a(log_of_terms({1}, 1));
  a.become_leader();
  const Ready ready = a.take();
  ASSERT_FALSE(ready.entries.empty());
  EXPECT_EQ(ready.entries.back().kind, EntryKind::noop);
  EXPECT_EQ(ready.entries.back().term, Term{2});
}

}  // namespace
}  // namespace conclave::raft
