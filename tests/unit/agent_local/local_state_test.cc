// Oracle: contract 6.1, 6.2, 6.5, 7.1, 7.2 and traps 20 and 21.

#include "agent/local/local_state.h"

#include <gtest/gtest.h>

#include "tests/unit/agent_local/fixture.h"

namespace conclave::agent {
namespace {

using namespace std::chrono_literals;

struct Observed final : CheckObserver {
  void check_registered(const api::CheckDefinition& check) override {
    events.push_back("+" + check.id);
  }
  void check_removed(const std::string& id) override { events.push_back("-" + id); }
  std::vector<std::string> events;
};

class Local : public testing::Test {
 protected:
  Local() : state(loop, clock, local_options(), Rng(1)) { state.set_observer(&observed); }

  void register_web(std::vector<api::CheckDefinition> checks = {}, bool replace = false) {
    const auto done =
        state.register_service(service_definition("web", std::move(checks)), Origin::api, replace);
    ASSERT_TRUE(done.has_value()) << done.error().message;
  }
  const api::HealthCheck& row(const std::string& id) { return state.image().checks.at(id).check; }
  /// As if agent/sync had sent everything.
  void send_all() {
    for (const auto& [id, service] : state.image().services) state.service_sent(service.service);
    for (const auto& [id, check] : state.image().checks) state.check_sent(check.check);
    state.node_sent(state.image().node);
  }

  Loop loop{"agent"};
  HandClock clock;
  LocalState state;
  Observed observed;
};

TEST_F(Local, a_registered_service_is_there_with_its_checks) {
  register_web({ttl_definition()});
  EXPECT_EQ(state.image().services.at("web").service.service, "web");
  EXPECT_EQ(row("service:web").status, "critical");
  EXPECT_EQ(row("service:web").service_name, "web");
  EXPECT_EQ(observed.events, std::vector<std::string>{"+service:web"});
}

TEST_F(Local, a_refused_registration_changes_nothing) {
  EXPECT_EQ(state.register_service({}, Origin::api).error().message, "Missing service name");
  EXPECT_TRUE(state.services().empty());
  api::CheckDefinition script;
  script.args = {"/bin/true"};
  script.interval = 10s;
  EXPECT_EQ(state.register_service(service_definition("web", {script}), Origin::api).error().code,
            ErrorCode::failed);
  EXPECT_TRUE(state.services().empty());
  EXPECT_TRUE(state.checks().empty());
}

TEST_F(Local, trap_20_registering_again_keeps_status_and_output) {
  register_web({ttl_definition()});
  state.update_check("service:web", CheckStatus::passing, "fine");
  register_web({ttl_definition()});
  EXPECT_EQ(row("service:web").status, "passing");
  EXPECT_EQ(row("service:web").output, "fine");
}

TEST_F(Local, registering_the_same_again_leaves_it_in_sync) {
  register_web({ttl_definition()});
  send_all();
  register_web({ttl_definition()});
  EXPECT_TRUE(plan(state.image()).empty());
}

TEST_F(Local, registering_something_else_replaces_the_definition) {
  register_web();
  send_all();
  api::ServiceDefinition other = service_definition("web");
  other.port = 81;
  ASSERT_TRUE(state.register_service(other, Origin::api).has_value());
  EXPECT_EQ(state.image().services.at("web").service.port, 81);
  EXPECT_TRUE(state.image().unsynced_services.contains("web"));
}

TEST_F(Local, checks_that_are_not_mentioned_stay) {
  register_web({ttl_definition()});
  register_web();
  EXPECT_TRUE(state.checks().contains("service:web"));
}

TEST_F(Local, checks_that_are_not_mentioned_go_when_they_are_to_be_replaced) {
  api::CheckDefinition named = ttl_definition("kept");
  named.check_id = "kept";
  register_web({ttl_definition(), named});
  register_web({named}, true);
  EXPECT_TRUE(state.checks().contains("kept"));
  EXPECT_FALSE(state.checks().contains("service:web:1"));
  EXPECT_TRUE(state.image().removed_checks.contains("service:web:1"));
}

TEST_F(Local, new_tags_reach_the_checks_of_the_service) {
  register_web({ttl_definition()});
  api::ServiceDefinition tagged = service_definition("web");
  tagged.tags = {"v2"};
  ASSERT_TRUE(state.register_service(tagged, Origin::api).has_value());
  EXPECT_EQ(row("service:web").service_tags, std::vector<std::string>{"v2"});
}

TEST_F(Local, tags_of_the_catalog_survive_the_same_registration_but_not_new_tags) {
  api::ServiceDefinition web = service_definition("web");
  web.enable_tag_override = true;
  web.tags = {"replica"};
  ASSERT_TRUE(state.register_service(web, Origin::api).has_value());
  send_all();
  CatalogImage catalog;
  catalog.node = state.image().node;
  catalog.services["web"] = state.image().services.at("web").service;
  catalog.services["web"].tags = {"theirs"};
  state.reconcile_with(catalog);
  ASSERT_TRUE(state.register_service(web, Origin::api).has_value());
  EXPECT_EQ(state.image().services.at("web").service.tags, std::vector<std::string>{"theirs"});
  web.tags = {"master"};
  ASSERT_TRUE(state.register_service(web, Origin::api).has_value());
  state.reconcile_with(catalog);
  EXPECT_EQ(state.image().services.at("web").service.tags, std::vector<std::string>{"master"});
  EXPECT_TRUE(state.image().unsynced_services.contains("web"));
}

TEST_F(Local, removing_a_service_removes_its_checks) {
  register_web({ttl_definition()});
  ASSERT_TRUE(state.remove_service("web").has_value());
  EXPECT_TRUE(state.checks().empty());
  EXPECT_TRUE(state.image().removed_services.contains("web"));
  EXPECT_EQ(observed.events.back(), "-service:web");
  // The catalog drops the check with the service: one call is enough.
  EXPECT_EQ(plan(state.image()).front().kind, SyncOperation::Kind::deregister_service);
  state.service_removal_sent("web");
  state.node_sent(state.image().node);
  EXPECT_TRUE(plan(state.image()).empty());
}

TEST_F(Local, unknown_ids_are_told_as_the_contract_says) {
  EXPECT_EQ(state.remove_service("x").error(),
            (Error{ErrorCode::not_found,
                   "Unknown service ID \"x\". Ensure that the service ID is passed, not the "
                   "service name."}));
  EXPECT_EQ(state.remove_check("x").error(),
            (Error{ErrorCode::not_found,
                   "Unknown check ID \"x\". Ensure that the check ID is passed, not the check "
                   "name."}));
  api::CheckDefinition check = ttl_definition("c");
  check.service_id = "x";
  EXPECT_EQ(state.register_check(check, Origin::api).error(),
            (Error{ErrorCode::not_found, "ServiceID \"x\" does not exist"}));
}

TEST_F(Local, a_service_registered_again_before_its_removal_was_sent_is_not_removed) {
  register_web();
  ASSERT_TRUE(state.remove_service("web").has_value());
  register_web();
  EXPECT_FALSE(state.image().removed_services.contains("web"));
  EXPECT_TRUE(state.image().unsynced_services.contains("web"));
}

TEST_F(Local, a_changed_status_is_to_be_sent_at_once) {
  register_web({ttl_definition()});
  send_all();
  state.update_check("service:web", CheckStatus::passing, "fine");
  EXPECT_TRUE(state.image().unsynced_checks.contains("service:web"));
}

TEST_F(Local, a_changed_output_waits_for_its_time) {
  register_web({ttl_definition()});
  send_all();
  state.update_check("service:web", CheckStatus::critical, "still bad");
  EXPECT_TRUE(plan(state.image()).empty());
  EXPECT_EQ(row("service:web").output, "still bad");
  const std::optional<Nanos> due = state.release_due_outputs();
  ASSERT_TRUE(due.has_value());
  EXPECT_GE(*due - clock.boot, 150s);
  EXPECT_LT(*due - clock.boot, 450s);
  clock.boot = *due;
  EXPECT_FALSE(state.release_due_outputs().has_value());
  EXPECT_TRUE(state.image().unsynced_checks.contains("service:web"));
}

TEST_F(Local, the_first_deferred_output_sets_the_time_and_later_ones_do_not_move_it) {
  register_web({ttl_definition()});
  send_all();
  state.update_check("service:web", CheckStatus::critical, "one");
  const std::optional<Nanos> due = state.release_due_outputs();
  clock.advance(10s);
  state.update_check("service:web", CheckStatus::critical, "two");
  EXPECT_EQ(state.release_due_outputs(), due);
}

TEST_F(Local, an_output_that_is_due_later_is_in_sync_until_then) {
  register_web({ttl_definition()});
  send_all();
  ASSERT_TRUE(state.image().in_sync());
  state.update_check("service:web", CheckStatus::critical, row("service:web").output);
  state.update_check("service:web", CheckStatus::critical, "still bad");
  const std::optional<Nanos> due = state.release_due_outputs();
  EXPECT_TRUE(state.image().in_sync());
  clock.boot = due.value();
  state.release_due_outputs();
  EXPECT_FALSE(state.image().in_sync());
  EXPECT_FALSE(plan(state.image()).empty());
}

TEST_F(Local, a_changed_output_is_sent_at_once_when_nothing_is_deferred) {
  LocalOptions options = local_options();
  options.check_update_interval = 0s;
  state.set_options(options);
  register_web({ttl_definition()});
  send_all();
  state.update_check("service:web", CheckStatus::critical, "still bad");
  EXPECT_TRUE(state.image().unsynced_checks.contains("service:web"));
}

TEST_F(Local, outputs_are_discarded_where_configured) {
  LocalOptions options = local_options();
  options.discard_check_output = true;
  state.set_options(options);
  register_web({ttl_definition()});
  state.update_check("service:web", CheckStatus::passing, "secret");
  EXPECT_EQ(row("service:web").output, "");
}

TEST_F(Local, what_changed_while_it_was_sent_is_sent_again) {
  register_web({ttl_definition()});
  const api::HealthCheck sent = row("service:web");
  state.update_check("service:web", CheckStatus::passing, "fine");
  state.check_sent(sent);
  EXPECT_TRUE(state.image().unsynced_checks.contains("service:web"));
}

TEST_F(Local, results_of_removed_checks_are_ignored) {
  state.update_check("gone", CheckStatus::passing, "");
  EXPECT_TRUE(state.image().checks.empty());
}

TEST_F(Local, critical_since_holds_over_repeated_failures_and_ends_with_recovery) {
  register_web({ttl_definition()});
  const auto since = [&] { return state.checks().at("service:web").critical_since; };
  EXPECT_EQ(since(), clock.boot);
  clock.advance(10s);
  state.update_check("service:web", CheckStatus::critical, "worse");
  register_web({ttl_definition()});
  EXPECT_EQ(since(), clock.boot - 10s);
  state.update_check("service:web", CheckStatus::passing, "");
  EXPECT_FALSE(since().has_value());
  state.update_check("service:web", CheckStatus::critical, "");
  EXPECT_EQ(since(), clock.boot);
}

TEST_F(Local, trap_21_maintenance_is_a_critical_check_and_idempotent) {
  register_web();
  ASSERT_TRUE(state.enable_maintenance("web", "").has_value());
  ASSERT_TRUE(state.enable_maintenance("web", "ignored").has_value());
  const api::HealthCheck& check = row("_service_maintenance:web");
  EXPECT_EQ(check.name, "Service Maintenance Mode");
  EXPECT_EQ(check.status, "critical");
  EXPECT_EQ(check.service_id, "web");
  EXPECT_EQ(check.service_name, "web");
  EXPECT_EQ(check.notes,
            "Maintenance mode is enabled for this service, but no reason was provided. This is "
            "a default message.");
  ASSERT_TRUE(state.disable_maintenance("web").has_value());
  ASSERT_TRUE(state.disable_maintenance("web").has_value());
  EXPECT_TRUE(state.checks().empty());
}

TEST_F(Local, maintenance_of_the_node_is_a_check_of_the_node) {
  ASSERT_TRUE(state.enable_maintenance("", "kernel").has_value());
  EXPECT_EQ(row("_node_maintenance").name, "Node Maintenance Mode");
  EXPECT_EQ(row("_node_maintenance").notes, "kernel");
  EXPECT_EQ(row("_node_maintenance").service_id, "");
  ASSERT_TRUE(state.disable_maintenance("").has_value());
  ASSERT_TRUE(state.enable_maintenance("", "").has_value());
  EXPECT_EQ(row("_node_maintenance").notes,
            "Maintenance mode is enabled for this node, but no reason was provided. This is a "
            "default message.");
}

TEST_F(Local, maintenance_of_an_unknown_service_is_not_found) {
  EXPECT_EQ(state.enable_maintenance("x", "").error().code, ErrorCode::not_found);
  EXPECT_EQ(state.disable_maintenance("x").error().code, ErrorCode::not_found);
}

TEST_F(Local, node_information_that_changes_is_to_be_sent) {
  state.node_sent(state.image().node);
  EXPECT_TRUE(state.image().node_in_sync);
  LocalOptions options = local_options();
  state.set_options(options);
  EXPECT_TRUE(state.image().node_in_sync);
  options.node.meta["rack"] = "r1";
  state.set_options(options);
  EXPECT_FALSE(state.image().node_in_sync);
}

TEST_F(Local, every_change_wakes_those_who_wait_for_one) {
  int woken = 0;
  const auto expect_wake = [&](auto change) {
    loop.spawn("wait", [](LocalState* local, int* count) -> Task<void> {
      *count += co_await local->changes().wait_for(1h) ? 1 : 0;
    }(&state, &woken));
    loop.run_ready();
    const int before = woken;
    change();
    loop.run_ready();
    EXPECT_EQ(woken, before + 1);
  };
  expect_wake([&] { register_web({ttl_definition()}); });
  expect_wake([&] { state.update_check("service:web", CheckStatus::passing, ""); });
  expect_wake([&] { ASSERT_TRUE(state.enable_maintenance("web", "").has_value()); });
  expect_wake([&] { ASSERT_TRUE(state.disable_maintenance("web").has_value()); });
  expect_wake([&] { ASSERT_TRUE(state.remove_check("service:web").has_value()); });
  expect_wake([&] { ASSERT_TRUE(state.remove_service("web").has_value()); });
}

}  // namespace
}  // namespace conclave::agent
