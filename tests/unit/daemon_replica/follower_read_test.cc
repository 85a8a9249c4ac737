/// Reads on servers that do not lead: as fresh as the leader's, and few calls for many reads.

#include "daemon/replica/leader_calls.h"
#include "tests/unit/daemon_replica/cluster_fixture.h"

namespace conclave::daemon {
namespace {

using api::RpcMethod;
using std::chrono::milliseconds;
using std::chrono::seconds;

using FollowerRead = ReplicaClusterTest;

bool permitted(const Permit& permit) { return *permit && (*permit)->has_value(); }

TEST_F(FollowerRead, a_standard_read_is_answered_by_the_leaders_lease) {
  start();
  ReadPermit now;
  EXPECT_FALSE(replica("b").read_permit_now(Consistency::standard, now));
  ASSERT_TRUE(replica("a").read_permit_now(Consistency::standard, now));
  silent_links = {{"a", "b"}, {"a", "c"}};  // No round is needed.
  const Permit permit = read("b", Consistency::standard);
  run();
  ASSERT_TRUE(permitted(permit));
  EXPECT_TRUE((**permit)->known_leader);
  EXPECT_EQ((**permit)->last_contact_ms, 0U);
}

TEST_F(FollowerRead, a_consistent_read_needs_a_quorum_after_it_was_asked) {
  start();
  silent_links = {{"a", "b"}, {"a", "c"}};
  const Permit permit = read("b", Consistency::consistent);
  run();
  EXPECT_FALSE(*permit);
  silent_links.clear();
  tick();
  tick();
  EXPECT_TRUE(permitted(permit));
}

TEST_F(FollowerRead, without_a_lease_the_leader_asks_a_quorum) {
  start();
  clock.boot += seconds(10);  // Everybody stood still.
  ReadPermit now;
  EXPECT_FALSE(replica("a").read_permit_now(Consistency::standard, now));
  const Permit permit = read("b", Consistency::standard);
  run();
  EXPECT_TRUE(permitted(permit));
}

TEST_F(FollowerRead, nothing_older_than_what_was_acknowledged_is_shown) {
  for (const auto consistency : {Consistency::standard, Consistency::consistent}) {
    SCOPED_TRACE(static_cast<int>(consistency));
    if (servers.empty()) start();
    silent_links = {{"a", "b"}};  // b lags.
    const std::uint64_t before = revision("b");
    const Answer written = propose("a", set_key("k", std::to_string(before)));
    run();
    ASSERT_TRUE(done(written));
    ASSERT_EQ(revision("b"), before);
    const Permit permit = read("b", consistency);
    run();
    EXPECT_FALSE(*permit);
    silent_links.clear();
    for (int i = 0; i < 4 && !*permit; ++i) {
      tick();
      if (*permit) {
        EXPECT_EQ(revision("b"), before + 1);
      }
    }
    EXPECT_TRUE(permitted(permit));
  }
}

TEST_F(FollowerRead, nothing_newer_than_the_leader_shows_is_shown) {
  start();
  servers.at("a")->log.complete_on = nullptr;  // The leader's disk is slow.
  const Answer written = propose("a", set_key("k"));
  run();
  tick();
  EXPECT_EQ(servers.at("a")->host->node().commit_index(), raft::Index{3});
  EXPECT_FALSE(*written);
  EXPECT_EQ(revision("b"), 1U);
  EXPECT_EQ(revision("c"), 1U);
  std::exchange(servers.at("a")->log.writing, nullptr)();
  run();
  EXPECT_TRUE(done(written));
  const Permit permit = read("b", Consistency::standard);  // Does not wait to be told by and by.
  run();
  EXPECT_TRUE(permitted(permit));
  EXPECT_EQ(revision("b"), 2U);
  EXPECT_EQ(revision("c"), 2U);
}

TEST_F(FollowerRead, many_reads_are_few_calls) {
  start();
  held_calls.insert("a");
  std::vector<Permit> permits;
  for (int turn = 0; turn < 10; ++turn) {
    for (int i = 0; i < 100; ++i) permits.push_back(read("b", Consistency::standard));
    run();
  }
  EXPECT_EQ(calls("b", RpcMethod::read_index), 1);
  release_calls();
  for (const Permit& permit : permits) EXPECT_TRUE(permitted(permit));
  // The first hundred, and the nine hundred that came while their call was under way.
  EXPECT_EQ(calls("b", RpcMethod::read_index), 2);
  EXPECT_EQ(metric("b", "conclave_replica_read_index_calls"), "2");
  EXPECT_EQ(metric("b", "conclave_replica_read_index_reads"), "1000");
}

TEST_F(FollowerRead, consistent_reads_do_not_keep_standard_ones_waiting) {
  start();
  silent_links = {{"a", "b"}, {"a", "c"}};
  const Permit consistent = read("b", Consistency::consistent);
  const Permit standard = read("b", Consistency::standard);
  run();
  EXPECT_FALSE(*consistent);
  EXPECT_TRUE(permitted(standard));
}

TEST_F(FollowerRead, the_leaders_own_consistent_reads_of_a_turn_share_a_round) {
  start();
  heartbeats = 0;
  std::vector<Permit> permits;
  for (int i = 0; i < 100; ++i) permits.push_back(read("a", Consistency::consistent));
  run();
  for (const Permit& permit : permits) EXPECT_TRUE(permitted(permit));
  EXPECT_EQ(heartbeats, 2);
}

TEST_F(FollowerRead, a_new_leader_is_asked_without_waiting_for_the_old_one) {
  start();
  held_calls.insert("a");  // It does not answer, and its connection does not end.
  const Permit permit = read("c", Consistency::standard);
  run();
  EXPECT_FALSE(*permit);
  cut("a");
  elect("b");
  tick();
  EXPECT_TRUE(permitted(permit));
}

TEST_F(FollowerRead, a_deposed_leader_is_not_believed) {
  start();
  cut("a");
  elect("b");
  const Answer written = propose("b", set_key("k"));
  run();
  ASSERT_TRUE(done(written));
  clock.boot += milliseconds(400);
  ReadPermit now;
  EXPECT_FALSE(replica("a").read_permit_now(Consistency::standard, now));
  const Permit permit = read("a", Consistency::standard);
  run();
  EXPECT_FALSE(*permit);
  heal("a");
  for (int i = 0; i < 15 && !*permit; ++i) tick();
  ASSERT_TRUE(permitted(permit));
  EXPECT_EQ(revision("a"), 2U);
}

TEST_F(FollowerRead, without_a_leader_it_waits_seven_seconds) {
  start();
  cut("b");
  const Permit standard = read("b", Consistency::standard);
  const Permit consistent = read("b", Consistency::consistent);
  wait(milliseconds(6900));
  EXPECT_FALSE(*standard);
  EXPECT_FALSE(*consistent);
  wait(milliseconds(300));
  ASSERT_TRUE(*standard && *consistent);
  EXPECT_EQ((*standard)->error(), (Error{ErrorCode::no_leader, "No cluster leader"}));
  EXPECT_EQ((*consistent)->error(), (Error{ErrorCode::no_leader, "No cluster leader"}));
  ReadPermit stale;
  ASSERT_TRUE(replica("b").read_permit_now(Consistency::stale, stale));
  EXPECT_FALSE(stale.known_leader);
  EXPECT_GE(stale.last_contact_ms, 7000U);
}

TEST_F(FollowerRead, a_stale_read_asks_nobody) {
  start();
  ReadPermit stale;
  ASSERT_TRUE(replica("b").read_permit_now(Consistency::stale, stale));
  EXPECT_TRUE(stale.known_leader);
  EXPECT_LE(stale.last_contact_ms, 100U);
  EXPECT_EQ(calls("b", RpcMethod::read_index), 0);
}

TEST_F(FollowerRead, it_knows_where_the_leader_is) {
  start();
  for (const auto& name : names) {
    const LeaderInfo leader = replica(name).leader();
    EXPECT_EQ(leader.is_leader, name == "a");
    EXPECT_EQ(leader.leader_id, "a");
    EXPECT_EQ(leader.leader_address, "a:8300");
  }
}

}  // namespace
}  // namespace conclave::daemon
