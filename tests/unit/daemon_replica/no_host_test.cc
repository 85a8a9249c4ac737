/// A server that has not joined a cluster yet: it answers what can be answered and lets the rest
/// wait.

#include "tests/unit/daemon_replica/cluster_fixture.h"

namespace conclave::daemon {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

using NoHost = ReplicaClusterTest;

TEST_F(NoHost, everybody_waits_seven_seconds_and_stale_reads_are_answered) {
  make();
  const Answer answer = propose("a", set_key("k"));
  const Permit permit = read("a", Consistency::standard);
  wait(milliseconds(6900));
  EXPECT_FALSE(*answer);
  EXPECT_FALSE(*permit);
  ReadPermit stale;
  ASSERT_TRUE(replica("a").read_permit_now(Consistency::stale, stale));
  EXPECT_FALSE(stale.known_leader);
  EXPECT_EQ(stale.last_contact_ms, 6900U);
  EXPECT_FALSE(replica("a").read_permit_now(Consistency::standard, stale));
  EXPECT_EQ(replica("a").leader().leader_id, "");
  wait(milliseconds(200));
  ASSERT_TRUE(*answer && *permit);
  EXPECT_EQ((*answer)->error(), (Error{ErrorCode::no_leader, "No cluster leader"}));
  EXPECT_EQ((*permit)->error(), (Error{ErrorCode::no_leader, "No cluster leader"}));
}

TEST_F(NoHost, those_who_wait_are_answered_when_there_is_a_cluster) {
  names = {"a"};
  make();
  const Answer answer = propose("a", set_key("k"));
  const Permit permit = read("a", Consistency::consistent);
  wait(seconds(3));
  start_hosts();
  EXPECT_TRUE(done(answer));
  ASSERT_TRUE(*permit);
  EXPECT_TRUE((*permit)->has_value());
}

TEST_F(NoHost, its_timer_runs_from_begin_on) {
  names = {"a"};
  options.own_timer = true;
  make();
  replica("a").begin();
  replica("a").begin();
  const Answer answer = propose("a", set_key("k"));
  run();
  clock.boot += seconds(8);
  for (int i = 0; i < 10000 && !*answer; ++i) {
    loop.context().run_one_for(milliseconds(1));
    run();
  }
  EXPECT_EQ(code_of(answer), ErrorCode::no_leader);
}

TEST_F(NoHost, it_may_be_stopped_before_it_was_started) {
  make();
  const Answer answer = propose("a", set_key("k"));
  const Permit permit = read("a", Consistency::standard);
  run();
  replica("a").stop();
  run();
  EXPECT_EQ(code_of(answer), ErrorCode::unavailable);
  EXPECT_TRUE(*permit);
}

TEST_F(NoHost, listeners_hear_every_configuration) {
  names = {"a"};
  make();
  std::vector<raft::Configuration> heard;
  replica("a").on_configuration([&](const auto& configuration) { heard.push_back(configuration); });
  start_hosts();
  ASSERT_EQ(heard.size(), 1U);
  EXPECT_EQ(heard[0], raft::voters({"a"}));
  raft::MembershipChange change;
  change.kind = raft::MembershipChange::Kind::add_learner;
  change.server = {raft::NodeId{"b"}, {}, "b:8300", raft::Suffrage::learner};
  ASSERT_TRUE(servers.at("a")->host->change_membership(std::span(&change, 1)));
  ASSERT_EQ(heard.size(), 2U);  // When it is appended.
  EXPECT_EQ(heard[1].servers.size(), 2U);
  run();
  EXPECT_EQ(heard.size(), 2U);
  // No longer alone: it needs a lease for its reads.
  ReadPermit permit;
  EXPECT_FALSE(replica("a").read_permit_now(Consistency::consistent, permit));
}

}  // namespace
}  // namespace conclave::daemon
