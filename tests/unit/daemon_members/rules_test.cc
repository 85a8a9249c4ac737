// Joining, leaving, upkeep and autopilot: the decisions as tables.

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "daemon/members/autopilot_plan.h"
#include "daemon/members/join_address.h"
#include "daemon/members/join_rules.h"
#include "daemon/members/reconcile.h"

namespace conclave::daemon {
namespace {

using Status = api::MemberStatus;
using std::chrono::seconds;

std::string id(int n) { return "00000000-0000-0000-0000-00000000000" + std::to_string(n); }

NodeCard card(int n, std::uint8_t incarnation = 1) {
  NodeCard made;
  made.node = {.id = id(n),
               .node = "n" + std::to_string(n),
               .address = "10.0.0." + std::to_string(n),
               .datacenter = "dc1"};
  made.rpc_address = made.node.address + ":8300";
  made.incarnation = id_bytes({std::uint8_t(n), incarnation});
  made.cluster_id = id_bytes({5});
  return made;
}

raft::Server server(int n, raft::Suffrage suffrage = raft::Suffrage::voter) {
  return {{id(n)}, {std::uint8_t(n), 1}, "10.0.0." + std::to_string(n) + ":8300", suffrage};
}

class Joining : public testing::Test {
 protected:
  Joining() {
    for (int n : {1, 2, 3}) {
      cluster.configuration.servers.push_back(server(n));
      cluster.members.push_back(member_of(card(n), Status::alive));
    }
  }
  void set_status(int n, Status status) {
    cluster.members[static_cast<std::size_t>(n - 1)].status = static_cast<std::uint64_t>(status);
  }
  Result<JoinDecision> judge(NodeCard who, bool wants_in = true) {
    return judge_join({.card = std::move(who), .wants_in = wants_in}, cluster);
  }
  ClusterFacts cluster;
};

TEST_F(Joining, a_new_server_is_added) { EXPECT_EQ(*judge(card(4)), JoinDecision{.add = true}); }

TEST_F(Joining, a_member_that_says_hello_changes_nothing) {
  EXPECT_EQ(*judge(card(2), false), JoinDecision{});
}

TEST_F(Joining, a_member_at_a_new_address_is_moved) {
  NodeCard moved = card(2);
  moved.rpc_address = "10.0.0.9:8300";
  EXPECT_EQ(*judge(moved, false), JoinDecision{.readdress = true});
}

TEST_F(Joining, m4_a_wiped_disk_leaves_and_is_added_anew) {
  EXPECT_EQ(*judge(card(2, 7)), (JoinDecision{.remove = {id(2)}, .add = true}));
}

TEST_F(Joining, m3_a_removed_server_comes_back_only_if_it_is_asked_to) {
  cluster.configuration.servers.pop_back();
  const auto refused = judge(card(3), false);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::denied);
  EXPECT_TRUE(refused.error().message.contains("-retry-join"));
  EXPECT_EQ(*judge(card(3), true), JoinDecision{.add = true});
}

TEST_F(Joining, a_known_name_under_another_id) {
  NodeCard newcomer = card(4);
  newcomer.node.node = "N2";
  const auto refused = judge(newcomer);
  ASSERT_FALSE(refused);
  for (const std::string& part : {id(2), std::string("10.0.0.2"), id(4), std::string("10.0.0.4"),
                                  std::string("Node name N2 is reserved")}) {
    EXPECT_TRUE(refused.error().message.contains(part)) << part;
  }
  set_status(2, Status::failed);
  EXPECT_EQ(*judge(newcomer), (JoinDecision{.remove = {id(2)}, .add = true}));
  set_status(2, Status::left);
  cluster.configuration.servers.erase(cluster.configuration.servers.begin() + 1);
  EXPECT_EQ(*judge(newcomer), JoinDecision{.add = true});
}

TEST_F(Joining, a_known_address_under_another_id) {
  NodeCard newcomer = card(4);
  newcomer.rpc_address = "10.0.0.2:8300";
  EXPECT_FALSE(judge(newcomer));
  set_status(2, Status::failed);
  EXPECT_EQ(*judge(newcomer), (JoinDecision{.remove = {id(2)}, .add = true}));
}

TEST_F(Joining, a_renamed_member_loses_its_old_row) {
  NodeCard renamed = card(2);
  renamed.node.node = "other";
  EXPECT_EQ(*judge(renamed), JoinDecision{.forget = {"n2"}});
}

TEST_F(Joining, a_client_touches_the_table_only) {
  NodeCard client = card(4);
  client.server = false;
  client.cluster_id = {};
  EXPECT_EQ(*judge(client), JoinDecision{});
}

TEST_F(Joining, a_server_writes_its_log_before_it_asks) {
  NodeCard early = card(4);
  early.cluster_id = {};
  EXPECT_FALSE(judge(early));
  EXPECT_FALSE(judge(NodeCard{}));
}

TEST(SameCluster, m6_foreign_nodes_are_refused_with_both_names) {
  NodeCard other = card(2);
  EXPECT_TRUE(check_same_cluster(card(1), other));
  other.cluster_id = {};
  EXPECT_TRUE(check_same_cluster(card(1), other));
  other.cluster_id = id_bytes({6});
  auto refused = check_same_cluster(card(1), other);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().message.contains("n1") && refused.error().message.contains("n2"));
  other = card(2);
  other.node.datacenter = "dc2";
  refused = check_same_cluster(card(1), other);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().message.starts_with("Member 'n2' part of wrong datacenter 'dc2'"));
  other = card(2);
  other.recovery_epoch = 1;
  EXPECT_FALSE(check_same_cluster(card(1), other));
  EXPECT_FALSE(check_same_cluster(other, card(1)));
}

TEST(Departure, needs_a_majority_of_those_who_stay) {
  struct Case {
    int servers;
    int leaves;
    std::set<int> alive;
    std::optional<bool> removes;  ///< nullopt: refused.
  };
  const Case cases[] = {
      {1, 1, {1}, false},
      {2, 2, {1, 2}, true},
      {3, 2, {1, 2, 3}, true},
      {3, 2, {1, 2}, std::nullopt},
      {3, 3, {1, 2}, true},
      {5, 5, {1, 2, 3, 5}, true},
      {5, 5, {1, 2, 5}, std::nullopt},
      {3, 7, {1, 2, 3}, false},
  };
  for (const Case& one : cases) {
    raft::Configuration configuration;
    for (int n = 1; n <= one.servers; ++n) configuration.servers.push_back(server(n));
    const auto judged = judge_departure(configuration, id(one.leaves), [&](const std::string& who) {
      return std::ranges::any_of(one.alive, [&](int n) { return id(n) == who; });
    });
    EXPECT_EQ(judged ? std::optional(*judged) : std::nullopt, one.removes)
        << one.servers << " servers, " << one.leaves << " leaves";
  }
  raft::Configuration with_learner{{server(1), server(2, raft::Suffrage::learner)}, {}};
  EXPECT_TRUE(*judge_departure(with_learner, id(2), [](const std::string&) { return false; }));
}

class Upkeep : public testing::Test {
 protected:
  Upkeep() {
    facts.member = member_of(card(2), Status::alive);
    facts.in_configuration = true;
    facts.heard = Heard{.answered = true, .ago = {}};
    facts.has_node = facts.node_is_its_own = facts.has_service = true;
    facts.health = "passing";
    facts.now_ms = 1'000'000;
  }
  void set(Status status) { facts.member.status = static_cast<std::uint64_t>(status); }
  std::vector<CommandBody> commands() { return upkeep_of(facts, {}); }
  MemberFacts facts;
};

TEST_F(Upkeep, nothing_is_written_when_all_agrees) { EXPECT_TRUE(commands().empty()); }

TEST_F(Upkeep, a_server_that_is_silent_has_failed_and_is_critical) {
  facts.heard->ago = seconds(9);
  EXPECT_TRUE(commands().empty());
  facts.heard->ago = seconds(10);
  const auto written = commands();
  ASSERT_EQ(written.size(), 2u);
  EXPECT_EQ(body_as<MemberUpdate>(written[0])->member.status, 4u);
  const auto& registration = *body_as<Register>(written[1]);
  EXPECT_TRUE(registration.skip_node_update);
  ASSERT_EQ(registration.checks.size(), 1u);
  EXPECT_EQ(registration.checks[0].status, "critical");
  EXPECT_EQ(registration.checks[0].output, "Agent not live or unreachable");
  EXPECT_FALSE(registration.service);
}

TEST_F(Upkeep, a_server_that_is_heard_again_is_alive_at_once) {
  set(Status::failed);
  facts.health = "critical";
  const auto written = commands();
  ASSERT_EQ(written.size(), 2u);
  EXPECT_EQ(body_as<MemberUpdate>(written[0])->member.status, 1u);
  EXPECT_EQ(body_as<Register>(written[1])->checks[0].status, "passing");
}

TEST_F(Upkeep, a_new_leader_takes_nobody_for_alive_or_failed_before_it_knows) {
  facts.heard = Heard{.answered = false, .ago = seconds(3)};
  EXPECT_TRUE(commands().empty());
  set(Status::failed);
  facts.health = "critical";
  EXPECT_TRUE(commands().empty());
}

TEST_F(Upkeep, what_is_missing_in_the_catalog_is_put_back) {
  facts.has_node = facts.has_service = false;
  facts.health = "";
  const auto written = commands();
  ASSERT_EQ(written.size(), 1u);
  const auto& registration = *body_as<Register>(written[0]);
  EXPECT_EQ(registration.service->port, 8300);
  EXPECT_EQ(registration.node.address, "10.0.0.2");
}

TEST_F(Upkeep, a_leave_that_was_cut_short_is_finished) {
  set(Status::leaving);
  facts.in_configuration = false;
  facts.heard.reset();
  const auto written = commands();
  ASSERT_EQ(written.size(), 2u);
  EXPECT_EQ(body_as<MemberUpdate>(written[0])->member.status, 3u);
  EXPECT_EQ(body_as<Deregister>(written[1])->node, "n2");
  facts.departing = true;
  EXPECT_TRUE(commands().empty());
}

TEST_F(Upkeep, a_living_node_refutes_leaving) {
  set(Status::leaving);
  const auto written = commands();
  ASSERT_EQ(written.size(), 1u);
  EXPECT_EQ(body_as<MemberUpdate>(written[0])->member.status, 1u);
}

TEST_F(Upkeep, a_server_that_was_removed_while_it_ran_fails) {
  facts.in_configuration = false;
  facts.heard.reset();
  EXPECT_EQ(status_of(facts, {}), Status::failed);
  facts.member.since_time_ms = facts.now_ms - 5000;
  EXPECT_EQ(status_of(facts, {}), Status::alive);
}

TEST_F(Upkeep, the_dead_are_reaped_after_72_hours) {
  set(Status::left);
  facts.in_configuration = facts.has_node = false;
  facts.now_ms = 72ull * 3600 * 1000 - 1;
  EXPECT_TRUE(commands().empty());
  ++facts.now_ms;
  const auto written = commands();
  ASSERT_EQ(written.size(), 1u);
  EXPECT_TRUE(body_as<MemberUpdate>(written[0])->remove);
}

TEST_F(Upkeep, a_node_of_somebody_else_under_that_name_is_left_alone) {
  set(Status::left);
  facts.in_configuration = false;
  facts.node_is_its_own = false;
  EXPECT_TRUE(commands().empty());
}

TEST_F(Upkeep, clients_are_not_judged_by_raft) {
  facts.member.tags["role"] = "node";
  facts.in_configuration = false;
  facts.heard.reset();
  facts.has_service = false;
  EXPECT_TRUE(commands().empty());
}

TEST(Registration, tags_say_what_the_server_expects) {
  NodeCard founder = card(1);
  founder.expect = 3;
  const api::Member member = member_of(founder, Status::alive);
  EXPECT_EQ(member.tags.at("expect"), "3");
  EXPECT_EQ(member.tags.at("role"), "consul");
  founder.server = false;
  EXPECT_EQ(member_of(founder, Status::alive).tags.at("role"), "node");
  EXPECT_FALSE(member_of(founder, Status::alive).tags.contains("port"));
}

class Autopilot : public testing::Test {
 protected:
  Autopilot() {
    for (int n : {1, 2, 3}) add(n, raft::Suffrage::voter);
    facts.servers[0].is_leader = true;
    facts.now_ms = 1'000'000;
    facts.leader_last_index = 1000;
    facts.heartbeat = std::chrono::milliseconds(200);
  }
  void add(int n, raft::Suffrage suffrage) {
    ServerFacts one{.server = server(n, suffrage), .member = member_of(card(n), Status::alive)};
    one.heard = {.answered = true, .ago = std::chrono::milliseconds(300)};
    one.last_index = 1000;
    facts.servers.push_back(one);
  }
  void fail(std::size_t n, Nanos ago) {
    ServerFacts& one = facts.servers[n - 1];
    one.member->status = static_cast<std::uint64_t>(Status::failed);
    one.member->since_time_ms =
        facts.now_ms - static_cast<std::uint64_t>(ago / std::chrono::milliseconds(1));
    one.heard.ago = ago + seconds(10);
  }
  AutopilotFacts facts;
};

TEST_F(Autopilot, health_counts_contact_from_two_heartbeats_on) {
  for (const ServerFacts& one : facts.servers) EXPECT_TRUE(is_healthy(one, facts));
  EXPECT_EQ(failure_tolerance(facts), 1);
  facts.servers[1].heard.ago = std::chrono::milliseconds(601);
  EXPECT_FALSE(is_healthy(facts.servers[1], facts));
  EXPECT_EQ(failure_tolerance(facts), 0);
  facts.servers[2].last_index = 749;
  EXPECT_FALSE(is_healthy(facts.servers[2], facts));
  facts.servers[2].last_index = 750;
  EXPECT_TRUE(is_healthy(facts.servers[2], facts));
}

TEST_F(Autopilot, a_dead_server_is_removed_after_the_grace) {
  fail(3, seconds(59));
  EXPECT_TRUE(autopilot_plan(facts).changes.empty());
  fail(3, seconds(60));
  const AutopilotPlan plan = autopilot_plan(facts);
  ASSERT_EQ(plan.changes.size(), 1u);
  EXPECT_EQ(plan.changes[0].kind, raft::MembershipChange::Kind::remove);
  EXPECT_EQ(plan.changes[0].server.id.value, id(3));
  EXPECT_EQ(plan.removed, std::vector<std::string>{"n3"});
  facts.config.cleanup_dead_servers = false;
  EXPECT_TRUE(autopilot_plan(facts).changes.empty());
}

TEST_F(Autopilot, min_quorum_and_majority_keep_dead_voters) {
  fail(3, seconds(100));
  facts.config.min_quorum = 3;
  AutopilotPlan plan = autopilot_plan(facts);
  EXPECT_TRUE(plan.changes.empty());
  EXPECT_TRUE(plan.blocked.contains("min_quorum"));
  facts.config.min_quorum = 0;
  facts.servers[1].member->status = static_cast<std::uint64_t>(Status::failed);
  facts.servers[1].member->since_time_ms = facts.now_ms;
  plan = autopilot_plan(facts);
  EXPECT_TRUE(plan.changes.empty());
  EXPECT_FALSE(plan.blocked.empty());
}

TEST_F(Autopilot, dead_learners_always_go) {
  add(4, raft::Suffrage::learner);
  fail(4, seconds(60));
  facts.config.min_quorum = 9;
  const AutopilotPlan plan = autopilot_plan(facts);
  ASSERT_EQ(plan.changes.size(), 1u);
  EXPECT_EQ(plan.changes[0].server.id.value, id(4));
}

TEST_F(Autopilot, a_learner_gets_its_vote_after_the_stabilization_time) {
  add(4, raft::Suffrage::learner);
  facts.servers[3].caught_up_for = seconds(9);
  EXPECT_TRUE(autopilot_plan(facts).changes.empty());
  facts.servers[3].caught_up_for = seconds(10);
  const AutopilotPlan plan = autopilot_plan(facts);
  ASSERT_EQ(plan.changes.size(), 1u);
  EXPECT_EQ(plan.changes[0].kind, raft::MembershipChange::Kind::promote);
}

TEST_F(Autopilot, a_server_that_left_goes_at_once) {
  facts.servers[2].member->status = static_cast<std::uint64_t>(Status::left);
  facts.config.cleanup_dead_servers = false;
  ASSERT_EQ(autopilot_plan(facts).changes.size(), 1u);
}

TEST_F(Autopilot, stability_dates_the_last_change_of_health) {
  Stability stability;
  stability.note(facts, seconds(5));
  stability.note(facts, seconds(6));
  EXPECT_EQ(stability.of(id(2)).since, seconds(5));
  facts.servers[1].heard.ago = seconds(5);
  stability.note(facts, seconds(7));
  EXPECT_EQ(stability.of(id(2)).since, seconds(7));
  EXPECT_EQ(stability.of(id(3)).since, seconds(5));
  EXPECT_EQ(stability.of("unknown").since, Nanos{});
}

TEST(JoinAddress, hosts_ports_and_brackets) {
  struct Case {
    std::string_view text;
    std::string_view address;  ///< "" = refused.
  };
  const Case cases[] = {
      {"10.0.0.1", "10.0.0.1:8301"},
      {"host", "host:8301"},
      {" host:99 ", "host:99"},
      {"[::1]", "[::1]:8301"},
      {"[::1]:7", "[::1]:7"},
      {"fe80::1", "[fe80::1]:8301"},
      {"", ""},
      {"host:", ""},
      {"host:0", ""},
      {"host:70000", ""},
      {":8301", ""},
      {"[::1", ""},
      {"[]:1", ""},
      {"[::1]x", ""},
      {"a b", ""},
      {"http://host", ""},
      {"provider=aws tag_key=x", ""},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(join_address(one.text, 8301).value_or(""), one.address) << one.text;
  }
  EXPECT_TRUE(join_address("provider=aws", 1).error().message.contains("provider"));
}

}  // namespace
}  // namespace conclave::daemon
