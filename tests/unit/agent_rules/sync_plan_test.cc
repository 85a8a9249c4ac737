// Oracle: contract 6.5.

#include "agent/rules/sync_plan.h"

#include <gtest/gtest.h>

#include "agent/rules/sync_timing.h"

namespace conclave::agent {
namespace {

using namespace std::chrono_literals;
using Kind = SyncOperation::Kind;

api::NodeService service(std::string id, std::vector<std::string> tags = {}) {
  api::NodeService row;
  row.service = id;
  row.id = std::move(id);
  row.tags = std::move(tags);
  return row;
}

api::HealthCheck check(std::string id, std::string service_id = "", std::string output = "") {
  api::HealthCheck row;
  row.node = "n1";
  row.check_id = std::move(id);
  row.service_id = std::move(service_id);
  row.status = "passing";
  row.output = std::move(output);
  return row;
}

/// An agent with service web, its check web-ttl and the node check mem, and a catalog that has
/// exactly that.
class SyncPlan : public testing::Test {
 protected:
  SyncPlan() {
    local.node.node = "n1";
    local.services["web"] = {service("web"), "", false};
    local.checks["web-ttl"] = {check("web-ttl", "web"), "", {}};
    local.checks["mem"] = {check("mem"), "", {}};
    catalog.node = local.node;
    catalog.services["web"] = service("web");
    catalog.checks["web-ttl"] = check("web-ttl", "web");
    catalog.checks["mem"] = check("mem");
  }
  std::vector<SyncOperation> full() {
    reconcile(local, catalog);
    return plan(local);
  }
  LocalImage local;
  CatalogImage catalog;
};

TEST_F(SyncPlan, is_empty_when_both_sides_agree) {
  catalog.services["web"].modify_index = 7;
  catalog.checks["mem"].create_index = 3;
  EXPECT_TRUE(full().empty());
}

TEST_F(SyncPlan, sends_services_with_their_checks_then_checks_then_the_node) {
  catalog = {};
  EXPECT_EQ(full(), (std::vector<SyncOperation>{{Kind::register_service, "web", {"web-ttl"}, ""},
                                                {Kind::register_check, "mem", {}, ""},
                                                {Kind::node, "", {}, ""}}));
}

TEST_F(SyncPlan, sends_what_differs) {
  catalog.services["web"].port = 1;
  EXPECT_EQ(full(), (std::vector<SyncOperation>{{Kind::register_service, "web", {}, ""}}));
  catalog.services["web"].port = 0;
  catalog.checks["mem"].status = "critical";
  EXPECT_EQ(full(), (std::vector<SyncOperation>{{Kind::register_check, "mem", {}, ""}}));
  catalog.checks["mem"].status = "passing";
  catalog.node->address = "10.9.9.9";
  EXPECT_EQ(full(), (std::vector<SyncOperation>{{Kind::node, "", {}, ""}}));
}

TEST_F(SyncPlan, sends_a_check_of_another_token_by_itself) {
  catalog = {};
  catalog.node = local.node;
  local.checks["web-ttl"].token = "t";
  local.checks.erase("mem");
  EXPECT_EQ(full(), (std::vector<SyncOperation>{{Kind::register_service, "web", {}, ""},
                                                {Kind::register_check, "web-ttl", {}, "t"}}));
}

TEST_F(SyncPlan, trap_20_removes_services_and_checks_that_only_the_catalog_has) {
  catalog.services["foreign"] = service("foreign");
  catalog.checks["foreign-check"] = check("foreign-check", "foreign");
  catalog.checks["stray"] = check("stray");
  EXPECT_EQ(full(), (std::vector<SyncOperation>{{Kind::deregister_service, "foreign", {}, ""},
                                                {Kind::deregister_check, "stray", {}, ""}}));
}

TEST_F(SyncPlan, leaves_the_service_consul_and_serf_health_to_the_leader) {
  catalog.services["consul"] = service("consul");
  catalog.checks["serfHealth"] = check("serfHealth");
  EXPECT_TRUE(full().empty());
}

TEST_F(SyncPlan, forgets_removals_that_the_catalog_has_already) {
  local.removed_services["gone"] = "";
  local.removed_checks["gone-check"] = {};
  EXPECT_TRUE(full().empty());
}

TEST_F(SyncPlan, takes_tags_from_the_catalog_where_they_may_be_overridden) {
  local.services["web"].service.enable_tag_override = true;
  catalog.services["web"].enable_tag_override = true;
  catalog.services["web"].tags = {"theirs"};
  EXPECT_EQ(reconcile(local, catalog), std::set<std::string>{"web"});
  EXPECT_TRUE(plan(local).empty());
  EXPECT_EQ(local.services["web"].service.tags, std::vector<std::string>{"theirs"});
}

TEST_F(SyncPlan, still_wins_in_all_other_fields_where_tags_may_be_overridden) {
  local.services["web"].service.enable_tag_override = true;
  catalog.services["web"].tags = {"theirs"};
  catalog.services["web"].port = 99;
  EXPECT_EQ(full(), (std::vector<SyncOperation>{{Kind::register_service, "web", {}, ""}}));
}

TEST_F(SyncPlan, does_not_lose_tags_that_were_just_registered_to_those_in_the_catalog) {
  local.services["web"].service.enable_tag_override = true;
  local.services["web"].service.tags = {"master"};
  local.services["web"].tags_unsent = true;
  catalog.services["web"].enable_tag_override = true;
  catalog.services["web"].tags = {"replica"};
  EXPECT_EQ(full(), (std::vector<SyncOperation>{{Kind::register_service, "web", {}, ""}}));
  EXPECT_EQ(local.services["web"].service.tags, std::vector<std::string>{"master"});
}

TEST_F(SyncPlan, overwrites_tags_where_they_may_not_be_overridden) {
  catalog.services["web"].tags = {"theirs"};
  EXPECT_EQ(full(), (std::vector<SyncOperation>{{Kind::register_service, "web", {}, ""}}));
}

TEST_F(SyncPlan, ignores_an_output_that_is_due_later_and_sends_any_other) {
  local.checks["mem"].check.output = "new";
  local.checks["mem"].output_due = 1s;
  EXPECT_TRUE(full().empty());
  local.checks["mem"].output_due.reset();
  EXPECT_EQ(full(), (std::vector<SyncOperation>{{Kind::register_check, "mem", {}, ""}}));
}

TEST_F(SyncPlan, sends_a_status_even_while_an_output_is_due_later) {
  local.checks["mem"].check.status = "critical";
  local.checks["mem"].output_due = 1s;
  EXPECT_EQ(full(), (std::vector<SyncOperation>{{Kind::register_check, "mem", {}, ""}}));
}

TEST_F(SyncPlan, of_a_local_change_needs_no_catalog) {
  reconcile(local, catalog);
  local.unsynced_checks.insert("mem");
  local.removed_services["old"] = "t";
  EXPECT_EQ(plan(local), (std::vector<SyncOperation>{{Kind::deregister_service, "old", {}, "t"},
                                                     {Kind::register_check, "mem", {}, ""}}));
}

TEST(SyncTiming, scales_with_the_logarithm_of_the_cluster) {
  const std::vector<std::pair<std::size_t, std::int64_t>> cases = {
      {0, 1}, {1, 1}, {128, 1}, {129, 2}, {256, 2}, {257, 3}, {512, 3}, {8192, 7}, {8193, 8}};
  for (const auto& [nodes, scale] : cases) EXPECT_EQ(sync_scale(nodes), scale) << nodes;
}

TEST(SyncTiming, stays_in_its_bounds) {
  for (std::uint64_t random = 1; random != 0; random *= 3) {
    if (random > (1ull << 62)) break;
    EXPECT_LT(reached_delay(128, random), 3s);
    EXPECT_LT(reached_delay(5'000, random), 21s);
    EXPECT_GE(full_sync_delay(60s, 1, random), 52500ms);
    EXPECT_LT(full_sync_delay(60s, 1, random), 67500ms);
    EXPECT_GE(output_delay(5min, random), 150s);
    EXPECT_LT(output_delay(5min, random), 450s);
    EXPECT_GE(initial_delay(10s, random), 0s);
    EXPECT_LT(initial_delay(10s, random), 10s);
    EXPECT_GE(retry_delay(1, random), 500ms);
    EXPECT_LT(retry_delay(1, random), 1s);
    EXPECT_GE(retry_delay(3, random), 2s);
    EXPECT_LT(retry_delay(100, random), 15s);
  }
  EXPECT_EQ(initial_delay(0s, 12345), 0s);
}

TEST(CheckTiming, slots_are_short_beside_the_interval) {
  EXPECT_EQ(check_slot(10min), 50ms);
  EXPECT_EQ(check_slot(1s), 50ms);
  EXPECT_EQ(check_slot(100ms), 5ms);
  EXPECT_GT(check_slot(0s), 0s);
}

TEST(CheckTiming, runs_are_at_the_nearest_slot_to_come) {
  struct Row {
    Nanos now, delay, at;
  };
  const std::vector<Row> rows = {
      {1000ms, 10s, 11000ms}, {1020ms, 10s, 11000ms},  // Took 20 ms: not later for that.
      {1025ms, 10s, 11050ms}, {1049ms, 10s, 11050ms}, {1000ms, 0ms, 1050ms},
      {1049ms, 0ms, 1050ms},  {1001ms, 30ms, 1050ms}, {1049ms, 30ms, 1100ms},
      {1000ms, 50ms, 1050ms}, {1000ms, 74ms, 1050ms}, {1000ms, 75ms, 1100ms},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(run_time(row.now, row.delay, 50ms), row.at) << row.now << " + " << row.delay;
  }
}

}  // namespace
}  // namespace conclave::agent
