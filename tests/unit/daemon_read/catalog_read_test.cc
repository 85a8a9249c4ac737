// Oracle: contract sections 8.2 and 9 (order, filters), 2.3 (indexes).
#include "daemon/read/catalog_read.h"

#include <gtest/gtest.h>

#include "daemon/read/health_read.h"
#include "daemon/read/session_read.h"
#include "daemon/state/state_machine.h"
#include "daemon/store/memory_rows.h"

namespace conclave::daemon {
namespace {

class CatalogReadTest : public testing::Test {
 protected:
  CatalogReadTest() { initialise_state(rows_); }

  void run(CommandBody body) {
    ChangeSet changes;
    Command command{.body = std::move(body), .request_id = {}};
    const Outcome outcome = apply(command, ApplyTime{}, rows_, changes);
    EXPECT_EQ(outcome.error, "");
  }
  /// An instance, "" for the bare node.
  void add(std::string node, std::string id, std::string name, std::vector<std::string> tags = {},
           api::StringMap meta = {}) {
    Register command;
    command.node = {.node = std::move(node), .address = "a", .datacenter = "dc1", .meta = meta};
    if (!name.empty()) {
      command.service =
          api::NodeService{.id = std::move(id), .service = std::move(name), .tags = tags};
    }
    run(std::move(command));
  }
  void check(std::string node, std::string id, std::string status, std::string service_id = "") {
    Register command;
    command.node = {.node = node};
    command.skip_node_update = true;
    command.checks.push_back({.node = node,
                              .check_id = id,
                              .name = id,
                              .status = std::move(status),
                              .service_id = std::move(service_id)});
    run(std::move(command));
  }

  MemoryRows rows_;
};

TEST_F(CatalogReadTest, nothing_anywhere_has_index_1) {
  EXPECT_EQ(list_nodes(rows_, {}).index, 1u);
  EXPECT_EQ(list_services(rows_, {}).index, 1u);
  EXPECT_EQ(list_instances(rows_, "web", {}).index, 1u);
  EXPECT_EQ(read_node(rows_, "n").index, 1u);
  EXPECT_EQ(list_health(rows_, "web", {}, false).index, 1u);
  EXPECT_EQ(list_checks_of_node(rows_, "n", [](api::HealthCheck&&) {}), 1u);
  EXPECT_EQ(list_checks_in_state(rows_, "any", {}, [](api::HealthCheck&&) {}), 1u);
  EXPECT_EQ(list_sessions(rows_).index, 1u);
}

TEST_F(CatalogReadTest, instances_come_by_node_then_id_without_case) {
  for (const char* node : {"b", "A", "c"}) {
    for (const char* id : {"y", "X"}) add(node, id, "Web");
  }
  std::vector<std::string> order;
  for (const auto& instance : list_instances(rows_, "wEB", {}).instances) {
    order.push_back(instance.node + "/" + instance.service_id);
  }
  const std::vector<std::string> wanted = {"A/X", "A/y", "b/X", "b/y", "c/X", "c/y"};
  EXPECT_EQ(order, wanted);
  order.clear();
  for (const auto& entry : list_health(rows_, "web", {}, false).entries) {
    order.push_back(entry.node.node + "/" + entry.service.id);
  }
  EXPECT_EQ(order, wanted);
}

TEST_F(CatalogReadTest, names_that_begin_alike_are_not_mixed_up) {
  add("n", "1", "web");
  add("n", "2", "web-admin");
  add("nn", "3", "web");
  EXPECT_EQ(list_instances(rows_, "web", {}).instances.size(), 2u);
  EXPECT_EQ(read_node(rows_, "n").services.size(), 2u);
  check("n", "1", "passing", "1");
  check("n", "11", "passing");
  EXPECT_EQ(list_health(rows_, "web", {}, false).entries[0].checks.size(), 2u);
}

TEST_F(CatalogReadTest, services_with_a_node_filter_move_with_nodes_too) {
  add("n", "1", "web", {}, {{"k", "v"}});
  const std::uint64_t before = list_services(rows_, {}).index;
  add("other", "", "");
  EXPECT_EQ(list_services(rows_, {}).index, before);
  const InstanceFilter filter{.tags = {}, .node_meta = {{"k", "v"}}};
  EXPECT_EQ(list_services(rows_, filter).index, before + 1);
  EXPECT_EQ(list_services(rows_, filter).tags.size(), 1u);
}

TEST_F(CatalogReadTest, health_lists_node_checks_before_the_instances_own) {
  add("n", "1", "web");
  add("n", "2", "web");
  check("n", "z-node", "passing");
  check("n", "a-own", "critical", "1");
  const auto listing = list_health(rows_, "web", {}, false);
  ASSERT_EQ(listing.entries.size(), 2u);
  ASSERT_EQ(listing.entries[0].checks.size(), 2u);
  EXPECT_EQ(listing.entries[0].checks[0].check_id, "z-node");
  EXPECT_EQ(listing.entries[0].checks[1].check_id, "a-own");
  EXPECT_EQ(listing.entries[1].checks.size(), 1u);
  EXPECT_EQ(list_health(rows_, "web", {}, true).entries.size(), 1u);
}

TEST_F(CatalogReadTest, an_instance_without_checks_is_passing) {
  add("n", "1", "web");
  EXPECT_EQ(list_health(rows_, "web", {}, true).entries.size(), 1u);
}

TEST_F(CatalogReadTest, an_ambiguous_id_prefix_finds_nothing) {
  for (const char* last : {"1", "2"}) {
    Register command;
    command.node = {.id = std::string("40e4a748-2192-161a-0510-9bf59fe950b") + last,
                    .node = std::string("n") + last,
                    .address = "a"};
    run(std::move(command));
  }
  EXPECT_FALSE(read_node(rows_, "40e4a748").node.has_value());
  EXPECT_EQ(read_node(rows_, "40e4a748-2192-161a-0510-9bf59fe950b2").node->node, "n2");
}

TEST_F(CatalogReadTest, a_missing_node_has_the_index_of_the_last_removal) {
  add("n", "", "");
  add("m", "", "");
  run(Deregister{.node = "n"});
  add("o", "", "");
  EXPECT_EQ(read_node(rows_, "n").index, 4u);
  EXPECT_EQ(read_node(rows_, "m").index, 3u);
}

}  // namespace
}  // namespace conclave::daemon
