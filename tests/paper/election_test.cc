/// Elections: §5.1, §5.2, §5.4.1 of the paper; §4.2.3, §6.2, §9.6 of the dissertation.

#include <set>

#include "tests/paper/fixture.h"

namespace conclave::raft {
namespace {

// §5.1: "If one server's current term is smaller than the other's, then it updates its current term
// to the larger value."
TEST(Section5_1, any_message_with_a_larger_term_is_followed) {
  for (const bool leading : {false, true}) {
    Subject a(log_of_terms({1}, 1));
    if (leading) a.become_leader();
    a.receive("b", 9, AppendEntriesReply{});
    EXPECT_EQ(a.node.current_term(), Term{9});
    EXPECT_EQ(a.node.role(), Role::follower);
  }
}

// §5.1: "If a server receives a request with a stale term number, it rejects the request."
TEST(Section5_1, stale_requests_are_refused_with_the_newer_term) {
  const MessageBody requests[] = {AppendEntries{Index{1}, Term{1}, {command(1, 2)}, Index{2}},
                                  Heartbeat{1, Index{1}},
                                  RequestVote{Term{2}, Index{9}, Term{2}, false}};
  for (const MessageBody& request : requests) {
    Subject a(log_of_terms({1}, 3));
    a.receive("b", 2, request);
    const auto answers = a.exchange();
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_EQ(answers[0].term, Term{3});
    EXPECT_EQ(a.node.last_index(), Index{1});
    EXPECT_TRUE(a.node.voted_for().value.empty());
  }
}

// §5.2: "When servers start up, they begin as followers."
TEST(Section5_2, a_server_starts_as_a_follower) {
  Subject a;
  EXPECT_EQ(a.node.role(), Role::follower);
  EXPECT_TRUE(a.node.leader().value.empty());
}

// §5.2: "Leaders send periodic heartbeats to all followers in order to maintain their authority."
TEST(Section5_2, a_leader_sends_heartbeats_every_interval) {
  Subject a(log_of_terms({1}, 1));
  a.become_leader();
  a.exchange();
  for (int interval = 0; interval < 5; ++interval) {
    a.tick(static_cast<int>(test_options().heartbeat_ticks));
    EXPECT_EQ(a.sent<Heartbeat>().size(), 2U);
  }
}

// §5.2: "If a follower receives no communication over [the] election timeout … begins an election."
TEST(Section5_2, a_follower_that_hears_nothing_begins_an_election) {
  Subject a(log_of_terms({1}, 1));
  a.tick(static_cast<int>(test_options().election_timeout_ticks_max));
  EXPECT_EQ(a.node.role(), Role::pre_candidate);
}

TEST(Section5_2, a_heartbeat_puts_the_election_off) {
  Subject a(log_of_terms({1}, 1));
  for (int i = 0; i < 20; ++i) {
    a.tick(static_cast<int>(test_options().election_timeout_ticks_min) - 1);
    a.receive("b", 1, Heartbeat{1, Index{0}});
    EXPECT_EQ(a.node.role(), Role::follower);
  }
}

// §5.2: "increments its current term … votes for itself and issues RequestVote RPCs in parallel".
TEST(Section5_2, a_candidate_raises_the_term_votes_for_itself_and_asks_everybody) {
  Subject a(log_of_terms({1}, 4));
  a.become_candidate();
  EXPECT_EQ(a.node.current_term(), Term{5});
  EXPECT_EQ(a.node.voted_for(), NodeId{"a"});
  EXPECT_EQ(a.sent<RequestVote>().size(), 2U);
}

// Figure 2, persistent state: updated "on stable storage before responding to RPCs"; a candidate's
// requests rest on it too.
TEST(Figure2, votes_are_asked_for_and_given_only_once_they_are_on_disk) {
  Subject candidate(log_of_terms({1}, 1));
  candidate.become_candidate();
  const Ready asking = candidate.take();
  ASSERT_TRUE(asking.hard_state);
  EXPECT_TRUE(asking.messages.empty());
  candidate.node.persisted(asking.batch);
  EXPECT_EQ(candidate.take().messages.size(), 2U);

  Subject voter(log_of_terms({1}, 1));
  voter.receive("b", 2, RequestVote{Term{2}, Index{1}, Term{1}, false});
  const Ready granting = voter.take();
  ASSERT_TRUE(granting.hard_state);
  EXPECT_EQ(granting.hard_state->voted_for, NodeId{"b"});
  EXPECT_TRUE(granting.messages.empty());
  voter.node.persisted(granting.batch);
  const auto replies = Subject::bodies<RequestVoteReply>(voter.take().messages);
  ASSERT_EQ(replies.size(), 1U);
  EXPECT_TRUE(replies[0].granted);
}

// §5.2: "A candidate wins an election if it receives votes from a majority of the servers".
TEST(Section5_2, a_majority_of_votes_elects) {
  struct Case {
    std::size_t servers, granted, refused;
    Role role;
  };
  const Case cases[] = {
      {1, 0, 0, Role::leader},    {2, 0, 0, Role::candidate}, {2, 1, 0, Role::leader},
      {3, 0, 1, Role::candidate}, {3, 1, 0, Role::leader},    {3, 0, 2, Role::follower},
      {4, 1, 0, Role::candidate}, {4, 2, 0, Role::leader},    {5, 1, 1, Role::candidate},
      {5, 2, 2, Role::leader},    {5, 0, 3, Role::follower},  {7, 2, 3, Role::candidate},
      {7, 3, 3, Role::leader},
  };
  const std::vector<std::string> all = {"a", "b", "c", "d", "e", "f", "g"};
  for (const Case& c : cases) {
    const std::vector<std::string> names(all.begin(),
                                         all.begin() + static_cast<std::ptrdiff_t>(c.servers));
    Subject a(log_of_terms({1}, 1), names);
    a.node.campaign();
    a.exchange();
    for (std::size_t i = 1; i < c.servers; ++i) {
      a.receive(names[i], 1, RequestVoteReply{Term{2}, true, true});
    }
    a.exchange();
    for (std::size_t i = 1; i <= c.granted + c.refused; ++i) {
      a.receive(names[i], 2, RequestVoteReply{Term{2}, false, i <= c.granted});
    }
    EXPECT_EQ(a.node.role(), c.role) << c.servers << ' ' << c.granted << ' ' << c.refused;
  }
}

TEST(Section5_2, a_repeated_vote_counts_once) {
  Subject a(log_of_terms({1}, 1), {"a", "b", "c", "d", "e"});
  a.become_candidate();
  a.exchange();
  for (int i = 0; i < 3; ++i) a.receive("b", 2, RequestVoteReply{Term{2}, false, true});
  EXPECT_EQ(a.node.role(), Role::candidate);
}

// §5.2: "Each server will vote for at most one candidate in a given term, on a
// first-come-first-served basis".
TEST(Section5_2, the_first_candidate_gets_the_vote_and_a_second_does_not) {
  Subject a(log_of_terms({1}, 1));
  const RequestVote request{Term{2}, Index{1}, Term{1}, false};
  a.receive("b", 2, request);
  a.receive("c", 2, request);
  a.receive("b", 2, request);  // Asked again, answered the same again.
  const auto replies = a.sent<RequestVoteReply>();
  ASSERT_EQ(replies.size(), 3U);
  int granted = 0;
  for (const auto& reply : replies) granted += reply.granted ? 1 : 0;
  EXPECT_EQ(granted, 2);
  EXPECT_EQ(a.node.voted_for(), NodeId{"b"});
}

TEST(Section5_2, a_vote_is_remembered_across_a_restart) {
  InitialState initial = log_of_terms({1}, 2);
  initial.hard_state.voted_for = NodeId{"b"};
  Subject a(std::move(initial));
  a.receive("c", 2, RequestVote{Term{2}, Index{5}, Term{2}, false});
  const auto replies = a.sent<RequestVoteReply>();
  ASSERT_EQ(replies.size(), 1U);
  EXPECT_FALSE(replies[0].granted);
}

// §5.2: with a split vote "each candidate will time out and start a new election by incrementing
// its term"; asking first stands before that (dissertation §9.6).
TEST(Section5_2, a_candidate_without_a_result_begins_another_election) {
  Subject a(log_of_terms({1}, 1));
  a.become_candidate();
  a.exchange();
  a.receive("b", 2, RequestVoteReply{Term{2}, false, false});
  EXPECT_EQ(a.node.role(), Role::candidate);
  a.tick(static_cast<int>(test_options().election_timeout_ticks_max));
  EXPECT_EQ(a.node.role(), Role::pre_candidate);
  EXPECT_EQ(a.node.current_term(), Term{2});
  a.become_candidate();
  EXPECT_EQ(a.node.current_term(), Term{3});
}

// §5.2: "If the leader's term is at least as large as the candidate's current term, then the
// candidate recognizes the leader".
TEST(Section5_2, a_candidate_returns_to_follower_when_a_leader_speaks) {
  for (const std::uint64_t term : {2U, 3U}) {
    Subject a(log_of_terms({1}, 1));
    a.become_candidate();
    a.receive("b", term, AppendEntries{Index{1}, Term{1}, {}, Index{0}});
    EXPECT_EQ(a.node.role(), Role::follower);
    EXPECT_EQ(a.node.leader(), NodeId{"b"});
    EXPECT_EQ(a.node.current_term(), Term{term});
  }
}

// §5.2: "election timeouts are chosen randomly from a fixed interval".
TEST(Section5_2, election_timeouts_spread_over_the_interval) {
  std::set<int> seen;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    InitialState initial = log_of_terms({1}, 1);
    initial.configuration = voters({"a", "b", "c"});
    Node node(NodeId{"a"}, test_options(), std::move(initial), Rng(seed));
    int ticks = 0;
    while (node.role() == Role::follower) {
      node.tick();
      ++ticks;
    }
    seen.insert(ticks);
  }
  EXPECT_EQ(*seen.begin(), 10);
  EXPECT_EQ(*seen.rbegin(), 20);
  EXPECT_EQ(seen.size(), 11U);
}

// §5.4.1: "the voter denies its vote if its own log is more up-to-date than that of the candidate".
TEST(Section5_4_1, a_vote_needs_a_log_at_least_as_up_to_date) {
  struct Case {
    std::vector<std::uint64_t> own;
    std::uint64_t last_term, last_index;
    bool granted;
  };
  const Case cases[] = {
      {{1, 1}, 1, 2, true},  {{1, 1}, 1, 3, true}, {{1, 1}, 1, 1, false}, {{1, 1}, 2, 1, true},
      {{1, 2}, 1, 9, false}, {{1, 2}, 2, 2, true}, {{2}, 1, 5, false},    {{}, 0, 0, true},
  };
  for (const Case& c : cases) {
    for (const bool pre_vote : {false, true}) {
      Subject a(log_of_terms(c.own, 2));
      const RequestVote request{Term{3}, Index{c.last_index}, Term{c.last_term}, pre_vote};
      a.receive("b", pre_vote ? 2 : 3, request);
      const auto replies = a.sent<RequestVoteReply>();
      ASSERT_EQ(replies.size(), 1U);
      EXPECT_EQ(replies[0].granted, c.granted);
    }
  }
}

// §5.4.1: "The RequestVote RPC … includes information about the candidate's log".
TEST(Section5_4_1, a_candidate_tells_its_last_entry) {
  Subject a(log_of_terms({1, 1, 2}, 2));
  a.become_candidate();
  for (const auto& request : a.sent<RequestVote>()) {
    EXPECT_EQ(request.last_log_index, Index{3});
    EXPECT_EQ(request.last_log_term, Term{2});
  }
}

// Dissertation §9.6: a pre-vote changes nothing at the voter.
TEST(Dissertation9_6, a_pre_vote_changes_neither_term_nor_vote_nor_timer) {
  Subject a(log_of_terms({1}, 1));
  for (int i = 0; i < static_cast<int>(test_options().election_timeout_ticks_max); ++i) {
    a.tick(1);
    if (a.node.role() != Role::follower) break;
    a.receive("b", 7, RequestVote{Term{8}, Index{1}, Term{1}, true});
    const auto replies = a.sent<RequestVoteReply>();
    ASSERT_EQ(replies.size(), 1U);
    EXPECT_TRUE(replies[0].granted);
    EXPECT_EQ(replies[0].candidate_term, Term{8});
  }
  EXPECT_EQ(a.node.role(), Role::pre_candidate);  // Its own timer ran on all the while.
  EXPECT_EQ(a.node.current_term(), Term{1});
  EXPECT_TRUE(a.node.voted_for().value.empty());
}

TEST(Dissertation9_6, a_pre_candidate_that_is_refused_keeps_its_term) {
  Subject a(log_of_terms({1}, 1));
  a.node.campaign();
  a.exchange();
  a.receive("b", 1, RequestVoteReply{Term{2}, true, false});
  a.receive("c", 1, RequestVoteReply{Term{2}, true, false});
  EXPECT_EQ(a.node.role(), Role::follower);
  EXPECT_EQ(a.node.current_term(), Term{1});
}

// Reliability rule 18: a server that was left behind in a low term can still be helped by voters in
// it, and one that ran ahead can be granted by voters in a lower term.
TEST(Dissertation9_6, a_grant_from_a_voter_in_a_lower_term_counts) {
  Subject a(log_of_terms({1}, 7));
  a.node.campaign();
  a.exchange();
  a.receive("b", 5, RequestVoteReply{Term{8}, true, true});
  EXPECT_EQ(a.node.role(), Role::candidate);
  EXPECT_EQ(a.node.current_term(), Term{8});
}

TEST(Dissertation9_6, a_cut_off_server_comes_back_without_disturbing_the_leader) {
  Cluster cluster({"a", "b", "c"});
  cluster.elect("a");
  const Term term = cluster.node("a").current_term();
  cluster.isolate("c");
  cluster.tick("c", 200);
  cluster.drop_messages();
  cluster.heal();
  cluster.tick("c", 20);
  cluster.settle();
  cluster.tick("a");
  cluster.settle();
  EXPECT_EQ(cluster.leader(), "a");
  EXPECT_EQ(cluster.node("a").current_term(), term);
  EXPECT_EQ(cluster.node("c").leader(), NodeId{"a"});
}

// Dissertation §4.2.3: "if a server receives a RequestVote request within the minimum election
// timeout of hearing from a current leader, it does not update its term or grant its vote."
TEST(Dissertation4_2_3, who_hears_a_leader_ignores_candidates) {
  Subject a(log_of_terms({1}, 1));
  a.receive("b", 1, Heartbeat{1, Index{0}});
  a.exchange();
  a.tick(static_cast<int>(test_options().election_timeout_ticks_min) - 1);
  a.receive("c", 9, RequestVote{Term{9}, Index{9}, Term{9}, false});
  EXPECT_EQ(a.node.current_term(), Term{1});
  EXPECT_TRUE(a.exchange().empty());
}

TEST(Dissertation4_2_3, a_leader_with_its_quorum_ignores_candidates) {
  Subject a(log_of_terms({1}, 1));
  a.become_leader();
  a.receive("c", 9, RequestVote{Term{9}, Index{9}, Term{9}, false});
  EXPECT_EQ(a.node.role(), Role::leader);
}

// Dissertation §6.2: "a leader … steps down if an election timeout elapses without a successful
// round of heartbeats to a majority".
TEST(Dissertation6_2, a_leader_without_a_quorum_steps_down) {
  Subject a(log_of_terms({1}, 1));
  a.become_leader();
  a.tick(2 * static_cast<int>(test_options().election_timeout_ticks_min));
  EXPECT_EQ(a.node.role(), Role::follower);
  EXPECT_TRUE(a.node.leader().value.empty());
}

TEST(Dissertation6_2, a_leader_that_hears_one_of_two_followers_stays) {
  Subject a(log_of_terms({1}, 1));
  a.become_leader();
  for (int i = 0; i < 60; ++i) {
    a.tick(1);
    for (const Heartbeat& beat : a.sent<Heartbeat>()) {
      a.receive("b", a.node.current_term().value, HeartbeatReply{beat.round});
    }
  }
  EXPECT_EQ(a.node.role(), Role::leader);
}

// Lease safety: a server that has just started may have confirmed a leader's lease before it
// stopped.
TEST(Dissertation6_4,
     a_server_that_just_started_grants_nothing_for_a_lease_and_the_drift_of_clocks) {
  ASSERT_GT(test_options().start_guard_ticks(), test_options().lease_ticks);

  InitialState initial = log_of_terms({1}, 1);
  initial.configuration = voters({"a", "b", "c"});
  Node node(NodeId{"a"}, test_options(), std::move(initial), Rng(1));
  for (std::uint32_t i = 0; i + 1 < test_options().start_guard_ticks(); ++i) node.tick();
  node.receive({NodeId{"b"}, NodeId{"a"}, Term{2}, RequestVote{Term{2}, Index{1}, Term{1}, false}});
  EXPECT_FALSE(node.has_ready());
  node.receive({NodeId{"b"}, NodeId{"a"}, Term{1}, RequestVote{Term{2}, Index{1}, Term{1}, true}});
  const auto replies = Subject::bodies<RequestVoteReply>(node.take_ready().messages);
  ASSERT_EQ(replies.size(), 1U);
  EXPECT_FALSE(replies[0].granted);
  node.tick();
  node.receive({NodeId{"b"}, NodeId{"a"}, Term{1}, RequestVote{Term{2}, Index{1}, Term{1}, true}});
  const auto later = Subject::bodies<RequestVoteReply>(node.take_ready().messages);
  ASSERT_EQ(later.size(), 1U);
  EXPECT_TRUE(later[0].granted);
}

// Found by the simulator: the removed leader held its lease beside a server that had just started,
// alone by an entry that was not committed yet.
TEST(Dissertation6_4, a_server_that_just_started_alone_waits_unless_nobody_else_can_hold_a_lease) {
  struct Case {
    std::uint64_t term;
    std::string voted_for;
    bool at_once;
  };
  const Case cases[] = {{1, "", true}, {5, "a", true}, {5, "b", false}, {5, "", false}};
  for (const Case& one : cases) {
    InitialState initial = log_of_terms({1}, one.term);
    initial.hard_state.voted_for = NodeId{one.voted_for};
    initial.configuration = voters({"a"});
    Node node(NodeId{"a"}, test_options(), std::move(initial), Rng(1));
    node.campaign();
    EXPECT_EQ(node.role() == Role::leader, one.at_once) << one.term << " " << one.voted_for;
    for (std::uint32_t i = 0; i < test_options().start_guard_ticks(); ++i) node.tick();
    node.campaign();
    EXPECT_EQ(node.role(), Role::leader);
  }
}

// Only voters of the configuration in force campaign or count.
TEST(Section6, a_server_that_is_no_voter_never_campaigns) {
  Configuration configuration = voters({"b", "c"});
  configuration.servers.push_back({NodeId{"a"}, {}, "a:8300", Suffrage::learner});
  InitialState initial;
  initial.configuration = configuration;
  Node node(NodeId{"a"}, test_options(), std::move(initial), Rng(1));
  for (int i = 0; i < 100; ++i) node.tick();
  node.campaign();
  EXPECT_EQ(node.role(), Role::follower);
}

TEST(Section6, votes_of_strangers_and_learners_do_not_count) {
  InitialState initial = log_of_terms({1}, 1);
  Subject a(std::move(initial));
  a.become_candidate();
  a.exchange();
  a.receive("stranger", 2, RequestVoteReply{Term{2}, false, true});
  EXPECT_EQ(a.node.role(), Role::candidate);
}

}  // namespace
}  // namespace conclave::raft
