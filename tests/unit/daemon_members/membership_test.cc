// Servers that found, find, join, leave and fail, end to end over calls in memory.

#include <chrono>

#include "api/model/record.h"
#include "daemon/tables/autopilot.h"
#include "daemon/tables/checks.h"
#include "tests/unit/daemon_members/test_cluster.h"

namespace conclave::daemon {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class MembershipTest : public TestCluster {
 protected:
  TestNode& start_alone(int n) {
    auto alone = options(n);
    alone.card.bootstrap = true;
    return start(std::move(alone));
  }
  TestNode& start_joining(int n, std::vector<std::string> addresses) {
    auto joining = options(n);
    joining.retry_join = std::move(addresses);
    return start(std::move(joining));
  }
  TestNode& start_founder(int n, std::uint64_t expect, std::vector<std::string> addresses = {}) {
    auto founder = options(n);
    founder.card.expect = expect;
    founder.retry_join = std::move(addresses);
    return start(std::move(founder));
  }
  /// A cluster of three voters: 1 leads.
  void start_three() {
    start_alone(1);
    start_joining(2, {"10.0.0.1"});
    start_joining(3, {"10.0.0.1"});
    run(seconds(15));
    ASSERT_EQ(voters(node(1)), 3u);
  }
  TestNode& node(std::size_t n) { return *nodes[n - 1]; }
  static std::size_t voters(const TestNode& node) {
    std::size_t count = 0;
    for (const raft::Server& server : node.shared->configuration.servers) {
      if (server.suffrage == raft::Suffrage::voter) ++count;
    }
    return count;
  }
  static bool in_configuration(const TestNode& node) {
    return raft::find_server(node.shared->configuration, {node.id()}) != nullptr;
  }
  std::string health(int n) {
    const auto check = find_check(node(1).shared->rows, "n" + std::to_string(n), "serfHealth");
    return check ? check->status : "";
  }
};

TEST_F(MembershipTest, bootstrap_is_a_cluster_of_one_that_registers_itself) {
  TestNode& alone = start_alone(1);
  run(seconds(1));
  EXPECT_TRUE(alone.is_leader());
  EXPECT_EQ(alone.status(), "alive");
  EXPECT_EQ(health(1), "passing");
  EXPECT_EQ(read_autopilot(alone.shared->rows)->max_trailing_logs, 250u);
  EXPECT_FALSE(path_exists(alone.options.promise_path));
}

TEST_F(MembershipTest, upkeep_changes_no_revision_when_nothing_changes) {
  start_three();
  const std::uint64_t before = stored_revision(node(1).shared->rows);
  run(seconds(5));
  elect(*node(1).shared, node(2).id());
  run(seconds(5));
  EXPECT_EQ(stored_revision(node(1).shared->rows), before);
}

TEST_F(MembershipTest, expected_servers_found_one_cluster_whoever_knows_whom) {
  start_founder(1, 3);
  start_founder(2, 3);
  run(seconds(5));
  EXPECT_TRUE(clusters.empty());
  start_founder(3, 3, {"10.0.0.1", "10.0.0.2"});
  run(seconds(5));
  ASSERT_EQ(clusters.size(), 1u);
  for (std::size_t n : {1u, 2u, 3u}) {
    EXPECT_TRUE(node(n).is_admitted()) << n;
    EXPECT_EQ(node(n).status(), "alive") << n;
  }
  EXPECT_EQ(voters(node(1)), 3u);
  EXPECT_EQ(find_member(node(1).shared->rows, "n2")->tags.at("expect"), "3");
}

TEST_F(MembershipTest, a_founder_that_finds_a_cluster_joins_it) {
  start_alone(1);
  start_founder(2, 3, {"10.0.0.1", "10.0.0.3"});
  start_founder(3, 3, {"10.0.0.2"});
  run(seconds(20));
  EXPECT_EQ(clusters.size(), 1u);
  EXPECT_TRUE(node(2).is_admitted());
  EXPECT_TRUE(node(3).is_admitted());
}

TEST_F(MembershipTest, one_that_missed_the_founding_learns_of_it) {
  start_founder(1, 2);
  TestNode& second = start_founder(2, 2, {"10.0.0.1"});
  // It accepts, and is gone before it hears that all have.
  const auto bootstrap = second.handlers[api::RpcMethod::bootstrap];
  second.handlers[api::RpcMethod::bootstrap] =
      [bootstrap](api::RpcPeer peer, std::string body) -> Task<Result<std::string>> {
    const auto request = api::decode_record<BootstrapRequest>(body);
    if (request->commit)
      return [](Error e) -> Task<Result<std::string>> {
        co_return std::unexpected(e);
      }(Error{ErrorCode::io, "lost"});
    return bootstrap(std::move(peer), std::move(body));
  };
  run(seconds(5));
  ASSERT_EQ(clusters.size(), 1u);
  EXPECT_TRUE(node(1).is_admitted());
  EXPECT_TRUE(node(2).is_admitted());
}

TEST_F(MembershipTest, a_server_joins_as_a_learner_and_gets_its_vote) {
  start_alone(1);
  TestNode& second = start_joining(2, {"10.0.0.1:8301"});
  run(seconds(1));
  EXPECT_TRUE(second.is_admitted());
  EXPECT_EQ(second.status(), "alive");
  EXPECT_EQ(health(2), "passing");
  run(seconds(3));
  EXPECT_EQ(voters(second), 2u);
  EXPECT_FALSE(second.gave_up);
}

TEST_F(MembershipTest, joining_is_symmetric) {
  start_alone(1);
  TestNode& second = start(options(2));
  const auto joined = finish(node(1).membership->join("10.0.0.2"));
  EXPECT_TRUE(joined) << joined.error().message;
  EXPECT_TRUE(second.is_admitted());
  EXPECT_TRUE(finish(node(1).membership->join("10.0.0.1")));
}

TEST_F(MembershipTest, join_command_ends_when_the_target_lists_the_joiner) {
  start_three();
  TestNode& fourth = start(options(4));
  run(seconds(3));
  EXPECT_EQ(fourth.shared, nullptr);
  const auto joined = finish(fourth.membership->join("10.0.0.3:8301"));
  EXPECT_TRUE(joined) << joined.error().message;
  EXPECT_EQ(fourth.status(), "alive");
  const auto nobody = finish(fourth.membership->join("10.0.0.77"));
  ASSERT_FALSE(nobody);
  EXPECT_TRUE(nobody.error().message.contains("10.0.0.77:8301"));
}

TEST_F(MembershipTest, m6_a_server_of_another_cluster_is_refused) {
  start_alone(1);
  start_alone(2);
  const auto joined = finish(node(2).membership->join("10.0.0.1"));
  ASSERT_FALSE(joined);
  EXPECT_TRUE(joined.error().message.contains("belongs to cluster"));
  EXPECT_EQ(clusters.size(), 2u);
  auto elsewhere = options(3);
  elsewhere.card.node.datacenter = "dc2";
  TestNode& third = start(std::move(elsewhere));
  const auto foreign = finish(third.membership->join("10.0.0.1"));
  ASSERT_FALSE(foreign);
  EXPECT_TRUE(foreign.error().message.contains("wrong datacenter"));
}

TEST_F(MembershipTest, m4_a_wiped_disk_under_a_known_name_starts_as_a_learner) {
  start_three();
  stop(node(3));
  run(seconds(2));
  std::filesystem::remove_all(directory / "n3");
  TestNode& wiped = start_joining(3, {"10.0.0.1"});
  run(seconds(1));
  EXPECT_TRUE(wiped.is_admitted());
  const raft::Server* server = raft::find_server(wiped.shared->configuration, {wiped.id()});
  ASSERT_NE(server, nullptr);
  EXPECT_EQ(server->incarnation, id_from(wiped.options.card.incarnation));
  EXPECT_NE(server->incarnation, id_from(node(3).options.card.incarnation));
}

TEST_F(MembershipTest, a_member_whose_address_changed_is_moved) {
  start_three();
  auto moved = options(3);
  moved.card.node.address = "10.0.0.33";
  moved.card.rpc_address = "10.0.0.33:8300";
  moved.retry_join = {"10.0.0.1"};
  TestNode& back = restart(node(3), std::move(moved));
  run(seconds(8));
  EXPECT_EQ(raft::find_server(back.shared->configuration, {back.id()})->address, "10.0.0.33:8300");
  EXPECT_EQ(find_member(back.shared->rows, "n3")->address, "10.0.0.33");
}

TEST_F(MembershipTest, m3_a_removed_server_stays_out_until_it_is_asked_in) {
  start_three();
  EXPECT_TRUE(finish(node(1).membership->remove_peer(node(3).id(), "")));
  run(seconds(30));
  EXPECT_FALSE(in_configuration(node(3)));
  EXPECT_EQ(node(3).status(), "failed");
  TestNode& back = restart(node(3), options(3));
  run(seconds(30));
  EXPECT_FALSE(in_configuration(back));
  const auto joined = finish(back.membership->join("10.0.0.1"));
  EXPECT_TRUE(joined) << joined.error().message;
  EXPECT_TRUE(back.is_admitted());
  const auto unknown = finish(node(1).membership->remove_peer("", "1.2.3.4:1"));
  EXPECT_EQ(unknown.error().message,
            "address \"1.2.3.4:1\" was not found in the Raft configuration");
}

TEST_F(MembershipTest, a_follower_leaves_before_it_is_answered) {
  start_three();
  EXPECT_TRUE(finish(node(2).membership->leave()));
  EXPECT_EQ(node(2).status(), "left");
  EXPECT_FALSE(in_configuration(node(2)));
  EXPECT_FALSE(find_node(node(1).shared->rows, "n2"));
  EXPECT_TRUE(path_exists(node(2).options.left_path));
  // Without being told to, it does not come back.
  TestNode& dormant = restart(node(2), options(2));
  run(seconds(10));
  EXPECT_FALSE(in_configuration(dormant));
  auto rejoining = options(2);
  rejoining.rejoin_after_leave = true;
  rejoining.retry_join = {"10.0.0.1"};
  TestNode& back = restart(dormant, std::move(rejoining));
  run(seconds(5));
  EXPECT_TRUE(in_configuration(back));
  EXPECT_EQ(back.status(), "alive");
  EXPECT_FALSE(path_exists(back.options.left_path));
}

TEST_F(MembershipTest, a_leader_hands_over_before_it_leaves) {
  start_three();
  EXPECT_TRUE(finish(node(1).membership->leave()));
  EXPECT_EQ(node(1).status(), "left");
  EXPECT_FALSE(in_configuration(node(1)));
  EXPECT_TRUE(node(2).is_leader() || node(3).is_leader());
}

TEST_F(MembershipTest, the_last_server_just_stops) {
  TestNode& alone = start_alone(1);
  run(seconds(1));
  EXPECT_TRUE(finish(alone.membership->leave()));
  EXPECT_EQ(alone.status(), "left");
  EXPECT_TRUE(in_configuration(alone));
  EXPECT_FALSE(path_exists(alone.options.left_path));
}

TEST_F(MembershipTest, nobody_leaves_who_is_needed_for_a_majority) {
  start_three();
  stop(node(3));
  run(seconds(12));
  const auto left = finish(node(2).membership->leave());
  ASSERT_FALSE(left);
  EXPECT_TRUE(left.error().message.contains("no majority"));
  EXPECT_EQ(node(2).status(), "alive");
}

TEST_F(MembershipTest, silence_is_failure_and_being_heard_ends_it) {
  start_three();
  stop(node(3));
  run(seconds(9));
  EXPECT_EQ(node(3).status(), "alive");
  run(seconds(3));
  EXPECT_EQ(node(3).status(), "failed");
  EXPECT_EQ(health(3), "critical");
  restart(node(3), options(3));
  run(seconds(2));
  EXPECT_EQ(node(3).status(), "alive");
  EXPECT_EQ(health(3), "passing");
}

TEST_F(MembershipTest, force_leave) {
  start_three();
  Membership& second = *node(2).membership;
  const auto unknown = finish(second.force_leave("nobody", false));
  EXPECT_EQ(unknown.error().message, "agent: No node found with name 'nobody'");
  EXPECT_TRUE(finish(second.force_leave("n1", false)));
  EXPECT_EQ(node(1).status(), "alive");
  stop(node(3));
  run(seconds(12));
  EXPECT_TRUE(finish(second.force_leave("N3", false)));
  EXPECT_EQ(node(3).status(), "left");
  EXPECT_FALSE(in_configuration(node(3)));
  EXPECT_TRUE(finish(second.force_leave("n3", true)));
  EXPECT_EQ(node(3).status(), "");
}

TEST_F(MembershipTest, force_leave_of_a_living_node_is_refuted) {
  start_three();
  const auto left = finish(node(1).membership->force_leave("n3", false));
  EXPECT_TRUE(left);
  EXPECT_EQ(node(3).status(), "leaving");
  run(seconds(3));
  EXPECT_EQ(node(3).status(), "alive");
}

TEST_F(MembershipTest, autopilot_removes_the_dead_and_the_table_forgets_them) {
  start_three();
  stop(node(3));
  run(seconds(60));
  EXPECT_TRUE(in_configuration(node(3)));
  run(seconds(15));
  EXPECT_FALSE(in_configuration(node(3)));
  EXPECT_EQ(node(3).status(), "left");
  clock.now += hours(73);
  run(seconds(2));
  EXPECT_EQ(node(3).status(), "");
}

TEST_F(MembershipTest, report_is_healthy_until_a_server_is_not) {
  start_three();
  auto report = finish(node(1).membership->autopilot_report());
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->healthy);
  EXPECT_EQ(report->failure_tolerance, 1);
  EXPECT_EQ(report->servers[1].name, "n2");
  EXPECT_GT(report->servers[1].stable_since, Nanos{});
  EXPECT_FALSE(finish(node(2).membership->autopilot_report()));
  stop(node(3));
  run(seconds(2));
  report = finish(node(1).membership->autopilot_report());
  EXPECT_FALSE(report->healthy);
  EXPECT_EQ(report->failure_tolerance, 0);
}

TEST_F(MembershipTest, raft_configuration_names_servers_by_the_member_table) {
  start_three();
  const RaftConfigurationView view = finish(node(2).membership->raft_configuration());
  ASSERT_EQ(view.servers.size(), 3u);
  EXPECT_EQ(view.servers[0].name, "n1");
  EXPECT_TRUE(view.servers[0].leader);
  EXPECT_FALSE(view.servers[1].leader);
}

TEST_F(MembershipTest, leadership_goes_where_an_operator_wants_it) {
  start_three();
  EXPECT_TRUE(finish(node(1).membership->transfer_leadership(node(3).id())));
  EXPECT_TRUE(node(3).is_leader());
  EXPECT_FALSE(finish(node(1).membership->transfer_leadership("")));
}

TEST_F(MembershipTest, join_lists_give_up_as_told) {
  auto once = options(1);
  once.start_join = {"10.0.0.9"};
  TestNode& first = start(std::move(once));
  run(seconds(1));
  ASSERT_TRUE(first.gave_up);
  EXPECT_TRUE(first.gave_up->contains("10.0.0.9:8301"));

  auto limited = options(2);
  limited.retry_join = {"10.0.0.9"};
  limited.retry_max = 2;
  TestNode& second = start(std::move(limited));
  run(seconds(59));
  EXPECT_FALSE(second.gave_up);
  run(seconds(3));
  ASSERT_TRUE(second.gave_up);
  EXPECT_TRUE(second.gave_up->starts_with("max join retry exhausted"));

  TestNode& patient = start_joining(3, {"10.0.0.9", "10.0.0.3"});
  run(minutes(10));
  EXPECT_FALSE(patient.gave_up);
}

TEST_F(MembershipTest, start_refuses_addresses_that_are_none) {
  auto cloud = options(1);
  cloud.retry_join = {"provider=aws tag_key=a"};
  TestNode node(*this, cloud);
  Membership membership(loop, clock, node, node, node, node, node, cloud, {});
  EXPECT_FALSE(membership.start());
}

TEST_F(MembershipTest, a_client_is_listed_and_no_server) {
  start_alone(1);
  auto client = options(2);
  client.card.server = false;
  TestNode& second = start(std::move(client));
  EXPECT_TRUE(finish(second.membership->join("10.0.0.1")));
  run(seconds(1));
  EXPECT_EQ(find_member(node(1).shared->rows, "n2")->tags.at("role"), "node");
  EXPECT_EQ(node(1).shared->configuration.servers.size(), 1u);
}

}  // namespace
}  // namespace conclave::daemon
