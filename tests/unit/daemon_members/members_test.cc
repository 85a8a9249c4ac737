// The server's own registrations: contract 8.5.

#include "daemon/members/members.h"

#include <gtest/gtest.h>

#include "daemon/tables/checks.h"
#include "daemon/tables/members.h"
#include "daemon/tables/nodes.h"
#include "daemon/tables/services.h"
#include "tests/unit/daemon_leases/fake_replica.h"

namespace conclave::daemon {
namespace {

class MembersTest : public testing::Test {
 protected:
  ~MembersTest() override {
    members.stop();
    loop.run_ready();
  }
  void lead() {
    replica.lead(true);
    loop.run_ready();
  }
  Task<void> leave() { left = co_await members.leave(); }

  Loop loop{"main"};
  FakeReplica replica{loop};
  MembersOptions options{.node = {.id = "11111111-1111-1111-1111-111111111111",
                                  .node = "n",
                                  .address = "10.0.0.1",
                                  .datacenter = "dc1",
                                  .tagged_addresses = {{"lan", "10.0.0.1"}},
                                  .meta = {{"consul-network-segment", ""}}},
                         .build = "1.20.0:abc",
                         .bootstrap = true};
  Members members{loop, replica, options};
  std::optional<Result<void>> left;
};

TEST_F(MembersTest, leader_registers_member_node_health_and_service) {
  lead();
  const auto member = find_member(replica.rows, "n");
  ASSERT_TRUE(member);
  EXPECT_EQ(member->status, 1u);
  EXPECT_EQ(member->port, 8301);
  EXPECT_EQ(member->tags.at("role"), "consul");
  EXPECT_EQ(member->tags.at("bootstrap"), "1");
  EXPECT_EQ(member->tags.at("port"), "8300");
  const auto node = find_node(replica.rows, "n");
  ASSERT_TRUE(node);
  EXPECT_EQ(node->tagged_addresses.at("lan"), "10.0.0.1");
  EXPECT_TRUE(node->meta.contains("consul-network-segment"));
  const auto check = find_check(replica.rows, "n", "serfHealth");
  ASSERT_TRUE(check);
  EXPECT_EQ(check->name, "Serf Health Status");
  EXPECT_EQ(check->status, "passing");
  EXPECT_EQ(check->output, "Agent alive and reachable");
  const auto service = find_service(replica.rows, "n", "consul");
  ASSERT_TRUE(service);
  EXPECT_EQ(service->port, 8300);
  EXPECT_GT(stored_revision(replica.rows), 1u);
}

TEST_F(MembersTest, trap_12_leading_again_changes_no_revision) {
  lead();
  const std::uint64_t before = stored_revision(replica.rows);
  replica.lead(false);
  lead();
  EXPECT_EQ(stored_revision(replica.rows), before);
}

TEST_F(MembersTest, nothing_is_written_without_leadership) {
  replica.lead(false);
  loop.run_ready();
  EXPECT_TRUE(replica.proposed.empty());
}

TEST_F(MembersTest, leaving_marks_the_member_and_takes_the_node_out) {
  lead();
  loop.spawn("leave", leave());
  loop.run_ready();
  ASSERT_TRUE(left.has_value());
  EXPECT_TRUE(left->has_value());
  EXPECT_EQ(find_member(replica.rows, "n")->status, 3u);
  EXPECT_FALSE(find_node(replica.rows, "n"));
  replica.lead(true);
  loop.run_ready();
  EXPECT_FALSE(find_node(replica.rows, "n"));
}

TEST_F(MembersTest, leaving_without_a_leader_says_so) {
  replica.failure = Error{ErrorCode::no_leader, "No cluster leader"};
  loop.spawn("leave", leave());
  loop.run_ready();
  ASSERT_TRUE(left.has_value());
  EXPECT_EQ(left->error().message, "No cluster leader");
}

TEST_F(MembersTest, registration_that_fails_is_tried_again) {
  replica.failure = Error{ErrorCode::too_many, "busy"};
  lead();
  EXPECT_EQ(replica.proposed.size(), 1u);
  EXPECT_FALSE(find_node(replica.rows, "n"));
  replica.failure.reset();
  replica.lead(false);
  lead();
  EXPECT_TRUE(find_node(replica.rows, "n"));
}

}  // namespace
}  // namespace conclave::daemon
