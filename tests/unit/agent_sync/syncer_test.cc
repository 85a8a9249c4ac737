// Oracle: contract 6.1 (synchronous push) and 6.5.

#include "agent/sync/syncer.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/agent_checks/target.h"
#include "tests/unit/agent_local/fixture.h"
#include "tests/unit/agent_sync/fake_catalog.h"

namespace conclave::agent {
namespace {

using namespace std::chrono_literals;

class Sync : public testing::Test {
 protected:
  void register_web(std::int64_t port = 80) {
    api::ServiceDefinition web = service_definition("web", {ttl_definition()});
    web.port = port;
    ASSERT_TRUE(local.register_service(web, Origin::api).has_value());
  }
  static Task<bool> push_once(Syncer* syncer) {
    co_await syncer->push();
    co_return true;
  }
  void push() { result_of(loop, push_once(&syncer)); }
  bool full() { return result_of(loop, syncer.full_sync()); }
  bool all_in_sync() const { return local.image().in_sync(); }
  std::size_t count(const std::string& call) const {
    return static_cast<std::size_t>(std::ranges::count(fake.calls, call));
  }

  Loop loop{"agent"};
  HandClock clock;
  LocalState local{loop, clock, local_options(), Rng(1)};
  FakeCatalog fake{loop};
  CatalogClient catalog{fake};
  Syncer syncer{loop, clock, local, catalog, {}, Rng(2)};
};

TEST_F(Sync, a_push_brings_service_checks_and_node_in_one_call) {
  register_web();
  push();
  EXPECT_EQ(fake.calls, std::vector<std::string>{"PUT /v1/catalog/register"});
  EXPECT_EQ(fake.rows.services.at("web").port, 80);
  EXPECT_EQ(fake.rows.checks.at("service:web").status, "critical");
  EXPECT_EQ(fake.rows.node->address, "10.0.0.1");
  EXPECT_TRUE(all_in_sync());
}

TEST_F(Sync, a_push_without_changes_calls_nobody) {
  register_web();
  push();
  fake.calls.clear();
  push();
  EXPECT_TRUE(fake.calls.empty());
}

TEST_F(Sync, the_node_is_sent_along_only_when_it_changed) {
  register_web();
  push();
  register_web(81);
  push();
  EXPECT_TRUE(fake.bodies.back().contains("\"SkipNodeUpdate\":true"));
  LocalOptions options = local_options();
  options.node.meta["rack"] = "r1";
  local.set_options(options);
  push();
  EXPECT_EQ(fake.rows.node->meta.at("rack"), "r1");
  EXPECT_TRUE(all_in_sync());
}

TEST_F(Sync, a_removed_service_leaves_the_catalog_with_one_call) {
  register_web();
  push();
  ASSERT_TRUE(local.remove_service("web").has_value());
  fake.calls.clear();
  push();
  EXPECT_EQ(fake.calls, std::vector<std::string>{"PUT /v1/catalog/deregister"});
  EXPECT_TRUE(fake.rows.services.empty());
  EXPECT_TRUE(fake.rows.checks.empty());
  EXPECT_TRUE(all_in_sync());
}

TEST_F(Sync, a_removed_check_leaves_the_catalog) {
  register_web();
  push();
  ASSERT_TRUE(local.remove_check("service:web").has_value());
  push();
  EXPECT_TRUE(fake.rows.checks.empty());
  EXPECT_TRUE(fake.rows.services.contains("web"));
}

TEST_F(Sync, a_full_sync_repairs_what_others_did_to_the_catalog) {
  register_web();
  push();
  fake.rows.services.clear();
  fake.rows.checks.clear();
  EXPECT_TRUE(full());
  EXPECT_TRUE(fake.rows.services.contains("web"));
  EXPECT_TRUE(fake.rows.checks.contains("service:web"));
}

TEST_F(Sync, trap_20_a_full_sync_removes_foreign_services_but_not_the_leaders) {
  push();
  for (const char* id : {"foreign", "consul"}) fake.rows.services[id].id = id;
  for (const char* id : {"stray", "serfHealth"}) fake.rows.checks[id].check_id = id;
  EXPECT_TRUE(full());
  EXPECT_EQ(fake.rows.services.size(), 1u);
  EXPECT_TRUE(fake.rows.services.contains("consul"));
  EXPECT_EQ(fake.rows.checks.size(), 1u);
  EXPECT_TRUE(fake.rows.checks.contains("serfHealth"));
}

TEST_F(Sync, a_full_sync_of_equal_sides_only_reads) {
  register_web();
  push();
  fake.calls.clear();
  EXPECT_TRUE(full());
  EXPECT_EQ(fake.calls, (std::vector<std::string>{"GET /v1/catalog/node-services/n1",
                                                  "GET /v1/health/node/n1"}));
}

TEST_F(Sync, a_failed_read_is_no_reason_to_remove_anything) {
  register_web();
  push();
  fake.refusals["/v1/health/node/n1"] = {500, "No cluster leader"};
  fake.calls.clear();
  EXPECT_FALSE(full());
  EXPECT_EQ(count("PUT /v1/catalog/deregister"), 0u);
}

TEST_F(Sync, without_a_leader_one_call_is_enough_to_know) {
  register_web();
  ASSERT_TRUE(local.register_service(service_definition("db"), Origin::api).has_value());
  fake.refusals["/v1/catalog/register"] = {500, "No cluster leader"};
  push();
  EXPECT_EQ(fake.calls.size(), 1u);
  EXPECT_FALSE(all_in_sync());
  fake.refusals.clear();
  EXPECT_TRUE(full());
  EXPECT_TRUE(all_in_sync());
}

TEST_F(Sync, one_refused_item_does_not_hold_up_the_others) {
  register_web();
  ASSERT_TRUE(local.remove_service("web").has_value());
  local.reconcile_with({local.image().node, {{"web", {}}}, {}});
  ASSERT_TRUE(local.register_service(service_definition("db"), Origin::api).has_value());
  fake.refusals["/v1/catalog/deregister"] = {500, "odd"};
  push();
  EXPECT_TRUE(fake.rows.services.contains("db"));
  EXPECT_TRUE(local.image().removed_services.contains("web"));
}

TEST_F(Sync, what_acls_forbid_counts_as_in_sync_until_the_next_full_sync) {
  register_web();
  fake.refusals["/v1/catalog/register"] = {403, "Permission denied"};
  push();
  EXPECT_TRUE(all_in_sync());
  fake.refusals.clear();
  EXPECT_TRUE(full());
  EXPECT_TRUE(fake.rows.services.contains("web"));
}

TEST_F(Sync, the_token_of_a_registration_goes_along) {
  api::ServiceDefinition web = service_definition("web");
  web.token = "secret";
  ASSERT_TRUE(local.register_service(web, Origin::api).has_value());
  push();
  EXPECT_EQ(fake.tokens.front(), "secret");
}

TEST_F(Sync, what_changes_during_a_call_is_sent_after_it) {
  register_web(80);
  fake.during_call = [&] {
    fake.during_call = nullptr;
    register_web(81);
  };
  push();
  EXPECT_FALSE(all_in_sync());
  push();
  EXPECT_EQ(fake.rows.services.at("web").port, 81);
  EXPECT_TRUE(all_in_sync());
}

TEST_F(Sync, passes_do_not_overlap_and_waiting_pushes_share_one) {
  int most = 0;
  register_web();
  fake.during_call = [&] { most = std::max(most, static_cast<int>(fake.calls.size())); };
  int done = 0;
  const auto spawn_push = [&] {
    loop.spawn("push", [](Syncer* to, int* finished) -> Task<void> {
      co_await to->push();
      *finished += 1;
    }(&syncer, &done));
  };
  for (int i = 0; i < 10; ++i) spawn_push();
  ASSERT_TRUE(turn_until(loop, [&] { return done == 10; }));
  EXPECT_EQ(most, 1);
  EXPECT_EQ(count("PUT /v1/catalog/register"), 1u);
}

TEST_F(Sync, the_loop_syncs_at_start_and_at_every_change) {
  register_web();
  syncer.start();
  ASSERT_TRUE(turn_until(loop, [&] { return fake.rows.services.contains("web"); }));
  local.update_check("service:web", CheckStatus::passing, "ok");
  ASSERT_TRUE(
      turn_until(loop, [&] { return fake.rows.checks.at("service:web").status == "passing"; }));
  ASSERT_TRUE(local.remove_service("web").has_value());
  ASSERT_TRUE(turn_until(loop, [&] { return fake.rows.services.empty(); }));
  syncer.stop();
}

TEST_F(Sync, the_loop_compares_again_after_its_interval) {
  register_web();
  syncer.start();
  ASSERT_TRUE(turn_until(loop, [&] { return count("GET /v1/health/node/n1") == 1; }));
  ASSERT_TRUE(turn_until(loop, [&] { return fake.rows.services.contains("web"); }));
  fake.rows.services.clear();
  clock.advance(68s);
  local.changes().notify_all();
  ASSERT_TRUE(turn_until(loop, [&] { return fake.rows.services.contains("web"); }));
  syncer.stop();
}

TEST_F(Sync, the_loop_tries_again_after_a_failure) {
  register_web();
  fake.refusals["/v1/catalog/node-services/n1"] = {500, "No cluster leader"};
  syncer.start();
  ASSERT_TRUE(turn_until(loop, [&] { return fake.calls.size() == 1; }));
  fake.refusals.clear();
  syncer.sync_soon();
  ASSERT_TRUE(turn_until(loop, [&] { return fake.rows.services.contains("web"); }));
  syncer.stop();
}

TEST_F(Sync, who_has_told_everything_looks_again_seconds_after_a_server_is_back) {
  register_web();
  syncer.start();
  ASSERT_TRUE(turn_until(loop, [&] { return count("GET /v1/health/node/n1") == 1; }));
  ASSERT_TRUE(turn_until(loop, [&] { return fake.rows.services.contains("web"); }));
  fake.rows.services.clear();
  syncer.sync_soon();
  clock.advance(3s);
  local.changes().notify_all();
  ASSERT_TRUE(turn_until(loop, [&] { return fake.rows.services.contains("web"); }));
  syncer.stop();
}

TEST_F(Sync, the_loop_sends_a_deferred_output_when_it_is_due) {
  register_web();
  syncer.start();
  ASSERT_TRUE(turn_until(loop, [&] { return all_in_sync(); }));
  local.update_check("service:web", CheckStatus::critical, "later");
  loop.run_ready();
  EXPECT_EQ(fake.rows.checks.at("service:web").output, "");
  clock.advance(451s);
  local.changes().notify_all();
  ASSERT_TRUE(
      turn_until(loop, [&] { return fake.rows.checks.at("service:web").output == "later"; }));
  syncer.stop();
}

TEST_F(Sync, node_names_are_escaped_in_paths) {
  LocalOptions options = local_options();
  options.node.node = "a b/c";
  local.set_options(options);
  EXPECT_TRUE(full());
  EXPECT_EQ(fake.calls.front(), "GET /v1/catalog/node-services/a b/c");
}

}  // namespace
}  // namespace conclave::agent
