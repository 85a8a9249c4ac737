// Oracle: contract 6.1 (names of checks, tagged addresses, weights), 7.1 (spellings, clamping), 2.4
// (hash).

#include "agent/rules/definitions.h"

#include <gtest/gtest.h>

#include "agent/rules/address.h"
#include "agent/rules/content_hash.h"

namespace conclave::agent {
namespace {

using namespace std::chrono_literals;

api::CheckDefinition ttl_check() {
  api::CheckDefinition check;
  check.ttl = 10s;
  return check;
}

api::ServiceDefinition service_with(std::vector<api::CheckDefinition> checks) {
  api::ServiceDefinition service;
  service.id = "web1";
  service.name = "web";
  service.checks = std::move(checks);
  return service;
}

TEST(ChecksOfAService, are_called_after_it) {
  api::ServiceDefinition service = service_with({ttl_check()});
  normalise(service);
  EXPECT_EQ(service.checks[0].id, "service:web1");
  EXPECT_EQ(service.checks[0].name, "Service 'web' check");
  EXPECT_EQ(service.checks[0].service_id, "web1");
}

TEST(ChecksOfAService, are_numbered_when_there_are_several_check_before_checks) {
  api::ServiceDefinition service = service_with({ttl_check()});
  service.check = ttl_check();
  service.check->notes = "first";
  normalise(service);
  ASSERT_EQ(service.checks.size(), 2u);
  EXPECT_EQ(service.checks[0].id, "service:web1:1");
  EXPECT_EQ(service.checks[0].notes, "first");
  EXPECT_EQ(service.checks[1].id, "service:web1:2");
  EXPECT_FALSE(service.check.has_value());
}

TEST(ChecksOfAService, keep_the_id_and_name_they_were_given) {
  api::CheckDefinition named = ttl_check();
  named.check_id = "mine";
  named.name = "Mine";
  api::ServiceDefinition service = service_with({named, ttl_check()});
  normalise(service);
  EXPECT_EQ(service.checks[0].id, "mine");
  EXPECT_EQ(service.checks[0].name, "Mine");
  EXPECT_EQ(service.checks[1].id, "service:web1:2");
}

TEST(ChecksOfAService, are_dropped_when_empty) {
  api::ServiceDefinition service = service_with({});
  service.check = api::CheckDefinition{};
  normalise(service);
  EXPECT_TRUE(service.checks.empty());
}

TEST(ChecksOfAService, carry_its_token_unless_they_have_one) {
  api::CheckDefinition own = ttl_check();
  own.token = "b";
  api::ServiceDefinition service = service_with({ttl_check(), own});
  service.token = "a";
  normalise(service);
  EXPECT_EQ(service.checks[0].token, "a");
  EXPECT_EQ(service.checks[1].token, "b");
}

TEST(Normalising, twice_changes_nothing_more) {
  api::ServiceDefinition once = service_with({ttl_check(), ttl_check()});
  once.check = ttl_check();
  normalise(once);
  api::ServiceDefinition twice = once;
  normalise(twice);
  EXPECT_EQ(once, twice);
}

TEST(Normalising, takes_the_name_for_a_missing_id) {
  api::ServiceDefinition service;
  service.name = "web";
  normalise(service);
  EXPECT_EQ(service.id, "web");
  api::CheckDefinition check;
  check.name = "mem";
  normalise(check);
  EXPECT_EQ(check.id, "mem");
}

TEST(Normalising, folds_spellings_by_precedence) {
  api::CheckDefinition check;
  check.check_id = "other";
  check.id = "id";
  check.args = {"/args"};
  check.script_args = {"/script_args"};
  normalise(check);
  EXPECT_EQ(check.id, "id");
  EXPECT_EQ(check.args, std::vector<std::string>{"/script_args"});
  EXPECT_TRUE(check.script_args.empty());
  EXPECT_TRUE(check.check_id.empty());
}

TEST(Normalising, raises_short_intervals_and_leaves_absent_ones) {
  api::CheckDefinition check;
  check.interval = 10ms;
  check.deregister_critical_service_after = 1s;
  normalise(check);
  EXPECT_EQ(check.interval, 1s);
  EXPECT_EQ(check.deregister_critical_service_after, 1min);
  api::CheckDefinition none;
  normalise(none);
  EXPECT_EQ(none.interval, 0s);
  EXPECT_EQ(none.deregister_critical_service_after, 0s);
}

TEST(CheckTypes, are_told_by_the_members_that_are_set) {
  const auto type_of = [](auto set) {
    api::CheckDefinition check;
    set(check);
    return check_type_text(check_type(check));
  };
  EXPECT_EQ(type_of([](auto& c) { c.args = {"x"}; }), "script");
  EXPECT_EQ(type_of([](auto& c) { c.http = "http://x"; }), "http");
  EXPECT_EQ(type_of([](auto& c) { c.tcp = "x:1"; }), "tcp");
  EXPECT_EQ(type_of([](auto& c) { c.ttl = 1s; }), "ttl");
  EXPECT_EQ(type_of([](auto& c) { c.alias_service = "x"; }), "alias");
  EXPECT_EQ(type_of([](auto& c) { c.alias_node = "x"; }), "alias");
  EXPECT_EQ(type_of([](auto& c) { c.udp = "x:1"; }), "udp");
  EXPECT_EQ(type_of([](auto& c) { c.grpc = "x:1"; }), "grpc");
  EXPECT_EQ(type_of([](auto& c) { c.h2ping = "x:1"; }), "h2ping");
  EXPECT_EQ(type_of([](auto& c) { c.os_service = "x"; }), "os_service");
  EXPECT_EQ(type_of([](auto& c) { c.docker_container_id = "x"; }), "docker");
  EXPECT_EQ(type_of([](auto&) {}), "maintenance");
}

TEST(CatalogService, has_weights_of_one_and_addresses_by_family) {
  api::ServiceDefinition service = service_with({});
  service.address = "10.0.0.1";
  service.port = 80;
  service.tagged_addresses["wan_ipv4"] = {"1.2.3.4", 8080};
  const api::NodeService row = catalog_service(service);
  EXPECT_EQ(row.weights, api::Weights{});
  EXPECT_EQ(row.tagged_addresses.at("lan_ipv4"), (api::ServiceAddress{"10.0.0.1", 80}));
  EXPECT_EQ(row.tagged_addresses.at("wan_ipv4"), (api::ServiceAddress{"1.2.3.4", 8080}));
  service.address = "2001:db8::1";
  service.tagged_addresses.clear();
  EXPECT_TRUE(catalog_service(service).tagged_addresses.contains("lan_ipv6"));
  service.address = "host.example";
  EXPECT_TRUE(catalog_service(service).tagged_addresses.empty());
}

TEST(CatalogCheck, is_critical_unless_told_otherwise_and_shows_go_durations) {
  api::CheckDefinition check;
  check.id = "c";
  check.name = "C";
  check.http = "http://x";
  check.interval = 10s;
  const api::HealthCheck row = catalog_check(check, "n1", nullptr);
  EXPECT_EQ(row.status, "critical");
  EXPECT_EQ(row.interval, "10s");
  EXPECT_EQ(row.timeout, "0s");
  EXPECT_EQ(row.type, "http");
  EXPECT_EQ(row.node, "n1");
  EXPECT_EQ(row.definition, api::HealthCheckDefinition{});
  check.status = "passing";
  EXPECT_EQ(catalog_check(check, "n1", nullptr).status, "passing");
}

TEST(CatalogCheck, carries_name_and_tags_of_its_service) {
  const api::NodeService service{.id = "web1", .service = "web", .tags = {"a"}};
  const api::HealthCheck row = catalog_check(ttl_check(), "n1", &service);
  EXPECT_EQ(row.service_id, "web1");
  EXPECT_EQ(row.service_name, "web");
  EXPECT_EQ(row.service_tags, std::vector<std::string>{"a"});
}

// Oracle: the first is in the official Go client's TestAPI_AgentService; the second is what the
// same Go code gives.
TEST(ContentHash, is_the_number_that_consul_gives) {
  api::AgentService service;
  service.id = service.service = "foo";
  service.tags = {"bar", "baz"};
  service.port = 8000;
  service.datacenter = "dc1";
  EXPECT_EQ(content_hash(service), "3e352f348d44f7eb");

  service = {};
  service.id = "web-1";
  service.service = "web";
  service.port = 80;
  service.address = "10.1.2.3";
  service.enable_tag_override = true;
  service.socket_path = "/run/x";
  service.weights = {.passing = 5, .warning = 0};
  service.meta = {{"k", "v"}, {"a", "b"}};
  service.tagged_addresses = {{"lan_ipv4", {"10.1.2.3", 80}}, {"wan", {"1.2.3.4", 8080}}};
  EXPECT_EQ(content_hash(service), "a96bd419663a2e04");
}

TEST(ContentHash, moves_with_every_member) {
  const api::AgentService base = agent_service(catalog_service(service_with({})), "dc1");
  const std::string hash = content_hash(base);
  EXPECT_EQ(content_hash(base), hash);
  const auto moved = [&](auto change) {
    api::AgentService other = base;
    change(other);
    return content_hash(other) != hash;
  };
  EXPECT_TRUE(moved([](auto& s) { s.kind = "x"; }));
  EXPECT_TRUE(moved([](auto& s) { s.service = "x"; }));
  EXPECT_TRUE(moved([](auto& s) { s.tags = {"x"}; }));
  EXPECT_TRUE(moved([](auto& s) { s.meta["x"] = "y"; }));
  EXPECT_TRUE(moved([](auto& s) { s.port = 1; }));
  EXPECT_TRUE(moved([](auto& s) { s.address = "x"; }));
  EXPECT_TRUE(moved([](auto& s) { s.socket_path = "x"; }));
  EXPECT_TRUE(moved([](auto& s) { s.tagged_addresses["lan"] = {"x", 1}; }));
  EXPECT_TRUE(moved([](auto& s) { s.weights.passing = 2; }));
  EXPECT_TRUE(moved([](auto& s) { s.weights.warning = 2; }));
  EXPECT_TRUE(moved([](auto& s) { s.enable_tag_override = true; }));
  EXPECT_FALSE(moved([](auto& s) { s.content_hash = "x"; }));
  EXPECT_FALSE(moved([](auto& s) { s.locality = api::Locality{"r", "z"}; }));
}

TEST(HostPort, is_split_at_the_last_colon) {
  EXPECT_EQ(split_host_port("h:80")->port, 80);
  EXPECT_EQ(split_host_port("[::1]:80")->host, "::1");
  for (const char* bad : {"h", "h:", ":80", "h:65536", "h:x", "::1"}) {
    EXPECT_FALSE(split_host_port(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace conclave::agent
