// Oracle: contract 6.1 to 6.3, 2.4, 1.2; traps 20, 21, 23, 26.

#include <gtest/gtest.h>

#include "tests/unit/agent_http/fixture.h"

namespace conclave::agent {
namespace {

using namespace std::chrono_literals;

constexpr const char* register_path = "/v1/agent/service/register";

TEST_F(AgentHttp, trap_26_registration_answers_200_with_an_empty_body) {
  put_ok(register_path, R"({"Name":"web","Port":80})");
  put_ok("/v1/agent/service/maintenance/web?enable=true");
  put_ok("/v1/agent/service/maintenance/web?enable=false");
  put_ok("/v1/agent/check/register", R"({"Name":"c","TTL":"10s"})");
  put_ok("/v1/agent/check/pass/c");
  put_ok("/v1/agent/check/warn/c");
  put_ok("/v1/agent/check/fail/c");
  put_ok("/v1/agent/check/update/c", R"({"Status":"passing"})");
  put_ok("/v1/agent/check/deregister/c");
  put_ok("/v1/agent/maintenance?enable=true");
  put_ok("/v1/agent/maintenance?enable=false");
  put_ok("/v1/agent/service/deregister/web");
}

TEST_F(AgentHttp, a_registration_is_in_the_catalog_when_it_is_answered) {
  put_ok(register_path, R"({"Name":"web","Port":80,"Check":{"TTL":"10s"}})");
  EXPECT_EQ(fake.rows.services.at("web").port, 80);
  EXPECT_TRUE(fake.rows.checks.contains("service:web"));
  put_ok("/v1/agent/check/pass/service:web?note=fine");
  EXPECT_EQ(fake.rows.checks.at("service:web").status, "passing");
  EXPECT_EQ(fake.rows.checks.at("service:web").output, "fine");
  put_ok("/v1/agent/service/deregister/web");
  EXPECT_TRUE(fake.rows.services.empty());
}

TEST_F(AgentHttp, a_registration_stands_even_if_the_catalog_cannot_be_told) {
  fake.refusals["/v1/catalog/register"] = {500, "No cluster leader"};
  put_ok(register_path, R"({"Name":"web"})");
  EXPECT_TRUE(local.services().contains("web"));
}

TEST_F(AgentHttp, trap_23_bodies_may_be_spelt_as_any_client_does) {
  put_ok(register_path,
         R"({"name":"web","enabletagoverride":true,"tagged_addresses":{"lan":{"address":"10.1.1.1",
         "port":1}},"weights":{"passing":2,"warning":0},"check":{"ttl":"10s",
         "deregister_critical_service_after":"5m","script_args":null},"tags":null})");
  const api::NodeService& row = local.image().services.at("web").service;
  EXPECT_TRUE(row.enable_tag_override);
  EXPECT_EQ(row.tagged_addresses.at("lan").port, 1);
  EXPECT_EQ(row.weights.passing, 2);
  EXPECT_EQ(row.weights.warning, 0);
  const api::CheckDefinition& check = local.checks().at("service:web").definition;
  EXPECT_EQ(check.deregister_critical_service_after, 5min);
}

TEST_F(AgentHttp, durations_may_be_nanoseconds) {
  put_ok("/v1/agent/check/register", R"({"name":"c","ttl":10000000000,"serviceid":""})");
  EXPECT_EQ(local.checks().at("c").definition.ttl, 10s);
}

TEST_F(AgentHttp, registration_errors_have_the_contracts_texts) {
  expect_error(put(register_path, "{}"), 400, "Missing service name");
  expect_error(put(register_path, R"({"Name":"w","Address":"0.0.0.0"})"), 400,
               "Invalid service address");
  expect_error(put(register_path, R"({"Name":"w","Check":{"Interval":"1s","TTL":"1s"}})"), 400,
               "Invalid check: Interval and TTL cannot both be specified");
  expect_error(put(register_path, R"({"Name":"w","Check":{"TTL":"1s","Status":"x"}})"), 400,
               "Status for checks must 'passing', 'warning', 'critical'");
  expect_error(put(register_path, R"({"Name":"w","Check":{"Args":["/bin/true"],"Interval":"1s"}})"),
               500,
               "Scripts are disabled on this agent; to enable, configure 'enable_script_checks' or "
               "'enable_local_script_checks' to true");
  const Answer decode = put(register_path, "{");
  EXPECT_EQ(decode.status, 400);
  EXPECT_TRUE(decode.body.starts_with("Request decode failed: ")) << decode.body;
  EXPECT_EQ(put(register_path, R"({"Name":"w","Check":{"TTL":""}})").status, 400);
}

TEST_F(AgentHttp, unknown_members_are_ignored_or_refused_when_strict) {
  const std::string body = R"({"Name":"web","Wat":1})";
  put_ok(register_path, body);
  context.options.strict_json = true;
  expect_error(put(register_path, body), 400, "Request decode failed: json: unknown field \"Wat\"");
}

TEST_F(AgentHttp, checks_are_replaced_only_when_asked_for) {
  const std::string with = R"({"Name":"web","Check":{"TTL":"10s"}})";
  const std::string without = R"({"Name":"web"})";
  put_ok(register_path, with);
  put_ok(register_path, without);
  EXPECT_TRUE(local.checks().contains("service:web"));
  put_ok("/v1/agent/service/register?replace-existing-checks=false", without);
  EXPECT_TRUE(local.checks().contains("service:web"));
  put_ok("/v1/agent/service/register?replace-existing-checks=true", without);
  EXPECT_FALSE(local.checks().contains("service:web"));
  put_ok(register_path, with);
  put_ok("/v1/agent/service/register?replace-existing-checks", without);
  EXPECT_FALSE(local.checks().contains("service:web"));
}

TEST_F(AgentHttp, deregistering_an_unknown_service_is_404) {
  expect_error(put("/v1/agent/service/deregister/x"), 404,
               "Unknown service ID \"x\". Ensure that the service ID is passed, not the service "
               "name.");
}

TEST_F(AgentHttp, a_service_id_may_contain_slashes_and_quotes_of_the_path) {
  put_ok(register_path, R"({"ID":"a/b c","Name":"web"})");
  EXPECT_EQ(get("/v1/agent/service/a%2Fb%20c").status, 200);
  put_ok("/v1/agent/service/deregister/a%2Fb%20c");
}

TEST_F(AgentHttp, maintenance_errors_have_the_contracts_texts) {
  put_ok(register_path, R"({"Name":"web"})");
  expect_error(put("/v1/agent/service/maintenance/web"), 400, "Missing value for enable");
  expect_error(put("/v1/agent/service/maintenance/web?enable=maybe"), 400,
               "Invalid value for enable: \"maybe\"");
  expect_error(put("/v1/agent/service/maintenance/?enable=true"), 400, "Missing service ID");
  expect_error(put("/v1/agent/service/maintenance/x?enable=true"), 404,
               "Unknown service ID \"x\". Ensure that the service ID is passed, not the service "
               "name.");
  expect_error(put("/v1/agent/maintenance"), 400, "Missing value for enable");
}

TEST_F(AgentHttp, maintenance_takes_gos_booleans_and_a_reason) {
  for (const char* yes : {"1", "t", "T", "TRUE", "true", "True"}) {
    put_ok(std::string("/v1/agent/maintenance?reason=why%20not&enable=") + yes);
    EXPECT_EQ(local.image().checks.at("_node_maintenance").check.notes, "why not");
    put_ok("/v1/agent/maintenance?enable=F");
    EXPECT_TRUE(local.checks().empty());
  }
}

TEST_F(AgentHttp, services_are_listed_by_id_exactly_as_registered) {
  EXPECT_EQ(get("/v1/agent/services").body, "{}");
  put_ok(register_path, R"({"ID":"w1","Name":"web","Port":80,"Tags":["a"],"Meta":{"k":"v"}})");
  put_ok(register_path, R"({"Name":"db"})");
  EXPECT_EQ(
      get("/v1/agent/services").body,
      R"({"db":{"ID":"db","Service":"db","Tags":[],"Meta":{},"Port":0,"Address":"",)"
      R"("Weights":{"Passing":1,"Warning":1},"EnableTagOverride":false,"Datacenter":"dc1"},)"
      R"("w1":{"ID":"w1","Service":"web","Tags":["a"],"Meta":{"k":"v"},"Port":80,"Address":"",)"
      R"("Weights":{"Passing":1,"Warning":1},"EnableTagOverride":false,"Datacenter":"dc1"}})");
}

TEST_F(AgentHttp, one_service_carries_its_hash_in_body_and_header) {
  put_ok(register_path, R"({"Name":"web","Address":"10.0.0.9","Port":80})");
  const Answer answer = get("/v1/agent/service/web");
  const std::string hash = answer.headers.at("X-Consul-ContentHash");
  EXPECT_EQ(hash.size(), 16u);
  EXPECT_EQ(answer.body,
            R"({"ID":"web","Service":"web","Tags":[],"Meta":{},"Port":80,"Address":"10.0.0.9",)"
            R"("TaggedAddresses":{"lan_ipv4":{"Address":"10.0.0.9","Port":80},)"
            R"("wan_ipv4":{"Address":"10.0.0.9","Port":80}},)"
            R"("Weights":{"Passing":1,"Warning":1},"EnableTagOverride":false,"ContentHash":")" +
                hash + R"(","Datacenter":"dc1"})");
  expect_error(get("/v1/agent/service/x"), 404, "unknown service ID: x");
}

/// Asks and remembers the answer when it comes.
struct Pending {
  std::optional<Answer> answer;
};

class HashBlocking : public AgentHttp {
 protected:
  HashBlocking() {
    put_ok(register_path, R"({"Name":"web","Port":80})");
    hash = get("/v1/agent/service/web").headers.at("X-Consul-ContentHash");
  }
  std::shared_ptr<Pending> ask(const std::string& query) {
    auto pending = std::make_shared<Pending>();
    loop.spawn("ask", [](Task<Answer> task, std::shared_ptr<Pending> to) -> Task<void> {
      to->answer = co_await std::move(task);
    }(ask_later(api::Method::get, "/v1/agent/service/web?" + query), pending));
    loop.run_ready();
    return pending;
  }
  std::string hash;
};

TEST_F(HashBlocking, waits_while_the_hash_is_the_same_and_wakes_when_it_is_not) {
  const auto pending = ask("hash=" + hash);
  EXPECT_FALSE(pending->answer.has_value());
  put_ok(register_path, R"({"Name":"other"})");
  EXPECT_FALSE(pending->answer.has_value());
  put_ok(register_path, R"({"Name":"web","Port":81})");
  ASSERT_TRUE(turn_until(loop, [&] { return pending->answer.has_value(); }));
  EXPECT_EQ(pending->answer->status, 200);
  EXPECT_NE(pending->answer->headers.at("X-Consul-ContentHash"), hash);
}

TEST_F(HashBlocking, answers_at_once_for_any_other_hash) {
  EXPECT_TRUE(ask("hash=other&wait=5m")->answer.has_value());
  EXPECT_TRUE(ask("wait=5m")->answer.has_value());
}

TEST_F(HashBlocking, answers_404_when_the_service_goes_away) {
  const auto pending = ask("hash=" + hash);
  put_ok("/v1/agent/service/deregister/web");
  ASSERT_TRUE(turn_until(loop, [&] { return pending->answer.has_value(); }));
  EXPECT_EQ(pending->answer->status, 404);
}

TEST_F(HashBlocking, answers_the_same_after_its_wait_and_within_a_sixteenth_more) {
  const auto pending = ask("wait=10s&hash=" + hash);
  clock.advance(9999ms);
  local.changes().notify_all();
  loop.run_ready();
  EXPECT_FALSE(pending->answer.has_value());
  clock.advance(626ms);
  local.changes().notify_all();
  ASSERT_TRUE(turn_until(loop, [&] { return pending->answer.has_value(); }));
  EXPECT_EQ(pending->answer->status, 200);
  EXPECT_EQ(pending->answer->headers.at("X-Consul-ContentHash"), hash);
}

TEST_F(HashBlocking, refuses_a_wait_that_is_no_duration) {
  const auto pending = ask("wait=soon&hash=" + hash);
  ASSERT_TRUE(pending->answer.has_value());
  EXPECT_EQ(pending->answer->status, 400);
  EXPECT_EQ(pending->answer->body, "Invalid wait time");
}

}  // namespace
}  // namespace conclave::agent
