// Nodes, services, checks and their indexes: contract 8.1, 2.3 and section 22.

#include "daemon/state/catalog.h"

#include "daemon/tables/checks.h"
#include "daemon/tables/nodes.h"
#include "daemon/tables/services.h"
#include "daemon/tables/topic_index.h"
#include "tests/unit/daemon_state/machine.h"

namespace conclave::daemon {
namespace {

const std::string id_1 = "11111111-1111-1111-1111-111111111111";
const std::string id_2 = "22222222-2222-2222-2222-222222222222";

class Catalog : public Machine {
 protected:
  std::vector<std::string> instances(const std::string& name) {
    std::vector<std::string> found;
    visit_instances(rows, name, [&](const ServiceRef& ref) {
      found.push_back(ref.node + "/" + ref.id);
      return true;
    });
    return found;
  }
};

TEST_F(Catalog, registration_is_one_step) {
  const Outcome outcome =
      run(Register{.node = {.id = id_1, .node = "n", .address = "10.0.0.1"},
                   .service = api::NodeService{.service = "web", .tags = {"a"}},
                   .checks = {{.name = "alive", .service_id = "web"}, {.check_id = "up"}}});
  EXPECT_TRUE(outcome.done);
  EXPECT_EQ(outcome.revision, 2u);
  EXPECT_EQ(find_node(rows, "N")->modify_index, 2u);
  EXPECT_EQ(find_node_by_id(rows, id_1)->node, "n");
  EXPECT_EQ(find_service(rows, "n", "WEB")->create_index, 2u);
  const auto check = find_check(rows, "n", "alive");
  ASSERT_TRUE(check);
  EXPECT_EQ(check->node, "n");
  EXPECT_EQ(check->status, "critical");
  EXPECT_EQ(check->service_name, "web");
  EXPECT_EQ(check->service_tags, (std::vector<std::string>{"a"}));
  EXPECT_EQ(meta().nodes_index, 2u);
  EXPECT_EQ(meta().services_index, 2u);
  EXPECT_EQ(meta().checks_index, 2u);
  for (const Topic& topic :
       {Topic{TopicKind::nodes, ""}, Topic{TopicKind::node, "n"}, Topic{TopicKind::services, ""},
        Topic{TopicKind::service, "web"}, Topic{TopicKind::checks, ""}}) {
    EXPECT_TRUE(woke(topic.kind, topic.name)) << static_cast<int>(topic.kind);
  }
}

TEST_F(Catalog, trap_12_identical_registration_changes_nothing) {
  const Register all{.node = {.id = id_1, .node = "n", .address = "10.0.0.1"},
                     .service = api::NodeService{.service = "web"},
                     .checks = {{.name = "alive", .status = "passing", .service_id = "web"}}};
  run(all);
  const MemoryRows before = rows;
  EXPECT_TRUE(run(all).done);
  EXPECT_EQ(rows, before);
  EXPECT_TRUE(changes.topics.empty());
}

struct RefusedRegistration {
  Register command;
  const char* error;
};

TEST_F(Catalog, registration_is_refused_with_exact_texts_and_leaves_nothing) {
  const api::Node ok{.node = "n", .address = "a"};
  const RefusedRegistration cases[] = {
      {{.node = {.address = "a"}}, "Must provide node"},
      {{.node = {.node = "n"}}, "Must provide address if SkipNodeUpdate is not set"},
      {{.node = {.id = "x", .node = "n", .address = "a"}},
       "Bad node ID: uuid string is wrong length"},
      {{.node = {.id = std::string(36, 'x'), .node = "n", .address = "a"}},
       "Bad node ID: uuid is improperly formatted"},
      {{.node = ok, .service = api::NodeService{.id = "i"}}, "Must provide service name with ID"},
      {{.node = ok, .service = api::NodeService{.service = "s", .address = "0.0.0.0"}},
       "Invalid service address"},
      {{.node = ok, .service = api::NodeService{.service = "s", .address = "[::]"}},
       "Invalid service address"},
      {{.node = ok, .checks = {{.node = "m", .check_id = "c"}}},
       "check node \"m\" does not match node \"n\""},
      {{.node = ok, .checks = {{.check_id = "c", .service_id = "none"}}},
       "Missing service registration"},
      {{.node = ok, .checks = {{.check_id = "c"}, {}}}, "Must provide check name or ID"},
  };
  const MemoryRows before = rows;
  for (const RefusedRegistration& c : cases) {
    const Outcome outcome = run(c.command);
    EXPECT_EQ(outcome.error, c.error);
    EXPECT_EQ(outcome.revision, 1u);
    EXPECT_EQ(rows, before) << c.error;
    EXPECT_TRUE(changes.topics.empty());
  }
}

TEST_F(Catalog, skipped_node_update_keeps_the_node_and_creates_a_missing_one) {
  run(Register{.node = {.node = "N", .address = "old"}});
  run(Register{.node = {.node = "n", .address = "new"},
               .skip_node_update = true,
               .checks = {{.check_id = "c"}}});
  EXPECT_EQ(find_node(rows, "n")->address, "old");
  EXPECT_EQ(find_check(rows, "n", "c")->node, "N");
  run(Register{.node = {.node = "m"}, .skip_node_update = true});
  EXPECT_TRUE(find_node(rows, "m"));
}

TEST_F(Catalog, registration_without_id_keeps_the_known_one) {
  node("n", id_1, "a");
  node("n", "", "b");
  EXPECT_EQ(find_node(rows, "n")->id, id_1);
  EXPECT_EQ(find_node(rows, "n")->address, "b");
}

TEST_F(Catalog, known_id_under_a_new_name_renames) {
  node("old", id_1);
  service("old", "web");
  session("s", "old");
  const Outcome outcome = node("new", id_1);
  EXPECT_TRUE(outcome.done);
  EXPECT_FALSE(find_node(rows, "old"));
  EXPECT_EQ(find_node_by_id(rows, id_1)->node, "new");
  EXPECT_TRUE(instances("web").empty());
  EXPECT_EQ(changes.sessions_ended.size(), 1u);
  EXPECT_EQ(meta().node_extinction_index, outcome.revision);
}

TEST_F(Catalog, name_of_a_live_node_is_reserved) {
  node("n", id_1, "10.0.0.1");
  check("n", "serfHealth", "passing");
  const std::string reserved = "Error while renaming Node ID: \"" + id_2 +
                               "\": Node name N is reserved by node " + id_1 +
                               " with name n (10.0.0.1)";
  EXPECT_EQ(node("N", id_2).error, reserved);
  node("other", id_2);
  EXPECT_EQ(node("N", id_2).error, reserved);
  EXPECT_TRUE(find_node(rows, "other"));
}

TEST_F(Catalog, name_of_a_dead_external_or_nameless_node_is_taken_over) {
  node("dead", id_1);
  check("dead", "serfHealth", "critical");
  EXPECT_TRUE(node("dead", id_2).done);
  EXPECT_FALSE(find_node_by_id(rows, id_1));
  EXPECT_EQ(find_node_by_id(rows, id_2)->node, "dead");

  node("plain");
  check("plain", "serfHealth", "passing");
  EXPECT_TRUE(node("plain", id_1).done);
}

TEST_F(Catalog, node_is_found_by_an_unambiguous_id_prefix) {
  node("a", "aabb1111-1111-1111-1111-111111111111");
  node("b", "aabb2222-1111-1111-1111-111111111111");
  EXPECT_EQ(find_node_by_id_prefix(rows, "AABB1")->node, "a");
  EXPECT_FALSE(find_node_by_id_prefix(rows, "aabb"));
  EXPECT_FALSE(find_node_by_id_prefix(rows, "cc"));
}

TEST_F(Catalog, trap_16_instances_are_in_order_of_node_then_service_id) {
  for (const char* name : {"b", "A", "a-b"}) node(name);
  service("b", "web", "x");
  service("b", "web", "W");
  service("A", "WEB", "z");
  service("a-b", "web", "y");
  service("a-b", "webs", "y2");
  EXPECT_EQ(instances("web"), (std::vector<std::string>{"a/z", "a-b/y", "b/W", "b/x"}));
}

TEST_F(Catalog, change_of_a_services_name_moves_it) {
  node("n");
  service("n", "old", "id");
  check("n", "c", "passing", "id");
  const Outcome outcome = service("n", "new", "id", {"t"});
  EXPECT_TRUE(instances("old").empty());
  EXPECT_EQ(instances("new").size(), 1u);
  EXPECT_EQ(find_check(rows, "n", "c")->service_name, "new");
  EXPECT_EQ(find_check(rows, "n", "c")->service_tags, (std::vector<std::string>{"t"}));
  EXPECT_EQ(meta().service_extinction_index, outcome.revision);
  EXPECT_TRUE(woke(TopicKind::service, "old"));
  EXPECT_TRUE(woke(TopicKind::service, "new"));
}

TEST_F(Catalog, checks_are_found_by_instance_name_and_status) {
  node("n");
  service("n", "web", "w1");
  check("n", "up", "passing");
  check("n", "c1", "passing", "w1");
  check("n", "c2", "warning", "w1");
  auto ids = [&](auto visit, auto... arguments) {
    std::vector<std::string> found;
    visit(rows, arguments..., [&](const api::HealthCheck& check) {
      found.push_back(check.check_id);
      return true;
    });
    return found;
  };
  using Ids = std::vector<std::string>;
  EXPECT_EQ(ids(visit_service_checks, "N", "W1"), (Ids{"c1", "c2"}));
  EXPECT_EQ(ids(visit_service_checks, "n", ""), (Ids{"up"}));
  EXPECT_EQ(ids(visit_checks_by_name, "WEB"), (Ids{"c1", "c2"}));
  EXPECT_EQ(ids(visit_checks_by_status, "passing"), (Ids{"c1", "up"}));
  EXPECT_EQ(ids(visit_node_checks, "n"), (Ids{"c1", "c2", "up"}));
  check("n", "c1", "critical", "w1");
  EXPECT_EQ(ids(visit_checks_by_status, "passing"), (Ids{"up"}));
  EXPECT_EQ(ids(visit_checks_by_status, "critical"), (Ids{"c1"}));
}

TEST_F(Catalog, deregistration_of_a_service_takes_its_checks_along) {
  node("n");
  service("n", "web");
  check("n", "c", "passing", "web");
  check("n", "up", "passing");
  EXPECT_TRUE(run(Deregister{.node = "n", .service_id = "WEB"}).done);
  EXPECT_FALSE(find_service(rows, "n", "web"));
  EXPECT_FALSE(find_check(rows, "n", "c"));
  EXPECT_TRUE(find_check(rows, "n", "up"));
}

TEST_F(Catalog, deregistration_of_a_node_takes_everything_along) {
  node("n", id_1);
  service("n", "web");
  check("n", "c", "passing", "web");
  check("n", "up", "passing");
  session("s", "n");
  const Outcome outcome = run(Deregister{.node = "N"});
  EXPECT_TRUE(outcome.done);
  EXPECT_EQ(outcome.job, 0u);
  for (const Table table :
       {Table::nodes, Table::node_ids, Table::services, Table::services_by_name, Table::checks,
        Table::checks_by_service, Table::checks_by_name, Table::checks_by_status, Table::sessions,
        Table::sessions_by_node, Table::service_indexes, Table::node_indexes}) {
    rows.scan_prefix(table_key(table), [&](std::string_view, std::string_view) {
      ADD_FAILURE() << "a row is left in table " << static_cast<int>(table);
      return true;
    });
  }
}

TEST_F(Catalog, deregistration_of_nothing_is_true_and_changes_nothing) {
  node("n");
  const MemoryRows before = rows;
  EXPECT_TRUE(run(Deregister{.node = "m"}).done);
  EXPECT_TRUE(run(Deregister{.node = "n", .service_id = "s"}).done);
  EXPECT_TRUE(run(Deregister{.node = "n", .check_id = "c"}).done);
  EXPECT_EQ(run(Deregister{}).error, "Must provide node");
  EXPECT_EQ(rows, before);
}

class Indexes : public Catalog {
 protected:
  Indexes() {
    for (const char* name : {"n", "m"}) node(name);
    service("n", "web");
    service("m", "db");
  }
  std::uint64_t web() { return service_index(rows, "WEB"); }
  std::uint64_t db() { return service_index(rows, "db"); }
};

TEST_F(Indexes, service_index_follows_its_instances_their_checks_and_nodes_only) {
  const std::uint64_t db_before = db();
  for (const Outcome& outcome :
       {service("n", "web", "", {"tag"}), check("n", "c", "passing", "web"),
        check("n", "c", "critical", "web"), check("n", "up", "passing"),
        check("n", "up", "critical"), node("n", "", "10.9.9.9"),
        run(Deregister{.node = "n", .check_id = "up"}),
        run(Deregister{.node = "n", .check_id = "c"})}) {
    EXPECT_EQ(outcome.error, "");
    EXPECT_EQ(db(), db_before);
  }
  EXPECT_EQ(web(), revision());
  service("m", "db", "", {"tag"});
  EXPECT_EQ(web(), revision() - 1);
  EXPECT_EQ(db(), revision());
}

TEST_F(Indexes, each_kind_of_change_raises_the_service_index) {
  const CommandBody bodies[] = {
      Register{.node = {.node = "n"},
               .skip_node_update = true,
               .checks = {{.check_id = "up", .status = "passing"}}},
      Register{.node = {.node = "n", .address = "changed"}},
      Deregister{.node = "n", .check_id = "up"},
  };
  for (const CommandBody& body : bodies) {
    const Outcome outcome = run(body);
    EXPECT_EQ(web(), outcome.revision);
    EXPECT_TRUE(woke(TopicKind::service, "web"));
    EXPECT_FALSE(woke(TopicKind::service, "db"));
  }
}

TEST_F(Indexes, trap_15_unknown_service_has_the_last_extinction_or_the_tables) {
  EXPECT_EQ(service_index(rows, "none"), revision());  // nothing was ever extinct
  const Outcome gone = run(Deregister{.node = "n", .service_id = "web"});
  EXPECT_EQ(web(), gone.revision);
  service("m", "db", "", {"tag"});
  EXPECT_EQ(web(), gone.revision);
  EXPECT_EQ(service_index(rows, "none"), gone.revision);
}

TEST_F(Indexes, one_of_two_instances_is_no_extinction) {
  service("m", "web");
  const Outcome outcome = run(Deregister{.node = "n", .service_id = "web"});
  EXPECT_EQ(meta().service_extinction_index, 0u);
  EXPECT_EQ(web(), outcome.revision);
  EXPECT_TRUE(woke(TopicKind::service, "web"));
}

TEST_F(Indexes, node_index_follows_what_is_on_the_node) {
  const Outcome outcome = check("n", "up", "passing");
  EXPECT_EQ(node_index(rows, "N"), outcome.revision);
  EXPECT_LT(node_index(rows, "m"), outcome.revision);
  EXPECT_EQ(node_index(rows, "none"), meta().nodes_index);
  const Outcome gone = run(Deregister{.node = "n"});
  EXPECT_EQ(node_index(rows, "n"), gone.revision);
  EXPECT_EQ(node_index(rows, "none"), gone.revision);
}

TEST_F(Indexes, trap_02_index_of_an_empty_catalog_is_not_zero) {
  rows = {};
  initialise_state(rows);
  EXPECT_EQ(service_index(rows, "web"), 1u);
  EXPECT_EQ(node_index(rows, "n"), 1u);
}

TEST_F(Indexes, changed_output_of_a_check_counts_as_a_change) {
  check("n", "c", "passing", "web", "fine");
  const Outcome outcome = check("n", "c", "passing", "web", "still fine");
  EXPECT_EQ(web(), outcome.revision);
  EXPECT_EQ(find_check(rows, "n", "c")->modify_index, outcome.revision);
}

TEST_F(Indexes, check_that_moves_to_another_instance_concerns_both) {
  service("n", "api");
  check("n", "c", "passing", "web");
  check("n", "c", "passing", "api");
  EXPECT_TRUE(woke(TopicKind::service, "web"));
  EXPECT_TRUE(woke(TopicKind::service, "api"));
}

}  // namespace
}  // namespace conclave::daemon
