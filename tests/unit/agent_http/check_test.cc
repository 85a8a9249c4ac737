// Oracle: contract 7.2, 6.3 (health); traps 20, 21.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/agent_http/fixture.h"

namespace conclave::agent {
namespace {

constexpr const char* register_path = "/v1/agent/check/register";

TEST_F(AgentHttp, check_registration_errors_have_the_contracts_texts) {
  expect_error(put(register_path, R"({"TTL":"10s"})"), 400, "Missing check name");
  expect_error(put(register_path, R"({"Name":"c","TTL":"10s","Status":"x"})"), 400,
               "Bad check status");
  expect_error(put(register_path, R"({"Name":"c"})"), 400,
               "Invalid check: TTL must be > 0 for TTL checks");
  expect_error(put(register_path, R"({"Name":"c","TTL":"10s","ServiceID":"x"})"), 404,
               "ServiceID \"x\" does not exist");
  expect_error(
      put(register_path, R"({"Name":"c","GRPC":"h:1"})"), 400,
      "Invalid check: Interval must be > 0 for Script, HTTP, H2PING, TCP, UDP or OSService "
      "checks");
  expect_error(put(register_path, R"({"Name":"c","Args":["/bin/true"],"Interval":"10s"})"), 500,
               "Scripts are disabled on this agent; to enable, configure 'enable_script_checks' "
               "or 'enable_local_script_checks' to true");
  LocalOptions options = local_options();
  options.scripts.files_only = true;
  local.set_options(options);
  expect_error(put(register_path, R"({"Name":"c","Args":["/bin/true"],"Interval":"10s"})"), 500,
               "Scripts are disabled on this agent from remote calls; to enable, configure "
               "'enable_script_checks' to true");
}

TEST_F(AgentHttp, checks_of_every_kind_are_registered) {
  struct Case {
    const char* members;
    const char* type;
  };
  const std::vector<Case> cases = {
      {R"("HTTP":"http://h/","DisableRedirects":true)", "http"},
      {R"("TCP":"h:1","TCPUseTLS":true)", "tcp"},
      {R"("UDP":"h:1")", "udp"},
      {R"("GRPC":"h:1/web","GRPCUseTLS":true,"TLSServerName":"n")", "grpc"},
      {R"("H2PING":"h:1","H2PingUseTLS":false)", "h2ping"},
      {R"("H2Ping":"h:1","h2ping_use_tls":true)", "h2ping"},
      {R"("DockerContainerID":"f972c95e","Args":["/bin/true"])", "docker"},
      {R"("OSService":"cron")", "os_service"},
      {R"("os_service":"cron","FailuresBeforeCritical":3)", "os_service"},
  };
  for (const Case& one : cases) {
    put_ok(register_path, std::string(R"({"Name":"c","Interval":"10s",)") + one.members + "}");
    EXPECT_EQ(local.image().checks.at("c").check.type, one.type) << one.members;
    put_ok("/v1/agent/check/deregister/c");
  }
}

TEST_F(AgentHttp, reports_of_unknown_checks_are_404_and_of_others_500) {
  const std::string unknown =
      "Unknown check ID \"x\". Ensure that the check ID is passed, not the check name.";
  for (const char* verb : {"pass", "warn", "fail"}) {
    expect_error(put(std::string("/v1/agent/check/") + verb + "/x"), 404, unknown);
  }
  expect_error(put("/v1/agent/check/update/x", R"({"Status":"passing"})"), 404, unknown);
  expect_error(put("/v1/agent/check/deregister/x"), 404, unknown);
  put_ok("/v1/agent/maintenance?enable=true");
  expect_error(put("/v1/agent/check/pass/_node_maintenance"), 500,
               "CheckID \"_node_maintenance\" does not have associated TTL");
}

TEST_F(AgentHttp, updates_need_a_status_that_exists) {
  put_ok(register_path, R"({"Name":"c","TTL":"10s"})");
  expect_error(put("/v1/agent/check/update/c", R"({"Status":"good"})"), 400,
               "Invalid check status: 'good'");
  put_ok("/v1/agent/check/update/c", R"({"Status":"warning","Output":"hm"})");
  EXPECT_EQ(local.image().checks.at("c").check.status, "warning");
  EXPECT_EQ(local.image().checks.at("c").check.output, "hm");
}

TEST_F(AgentHttp, trap_20_a_check_registered_again_keeps_its_status) {
  put_ok(register_path, R"({"Name":"c","TTL":"10s"})");
  put_ok("/v1/agent/check/pass/c?note=ok");
  put_ok(register_path, R"({"Name":"c","TTL":"20s"})");
  EXPECT_EQ(local.image().checks.at("c").check.status, "passing");
  EXPECT_EQ(local.image().checks.at("c").check.output, "ok");
}

TEST_F(AgentHttp, checks_are_listed_by_id_as_health_checks) {
  EXPECT_EQ(get("/v1/agent/checks").body, "{}");
  put_ok(register_path, R"({"ID":"mem","Name":"Memory","Notes":"n","TTL":"10s"})");
  EXPECT_EQ(get("/v1/agent/checks").body,
            R"({"mem":{"Node":"n1","CheckID":"mem","Name":"Memory","Status":"critical",)"
            R"("Notes":"n","Output":"","ServiceID":"","ServiceName":"","ServiceTags":[],)"
            R"("Type":"ttl","Interval":"0s","Timeout":"0s","ExposedPort":0,"Definition":{},)"
            R"("CreateIndex":0,"ModifyIndex":0}})");
}

class Health : public AgentHttp {
 protected:
  Health() {
    put_ok("/v1/agent/service/register", R"({"ID":"w1","Name":"web","Check":{"TTL":"10s"}})");
    put_ok("/v1/agent/service/register", R"({"ID":"w2","Name":"web","Check":{"TTL":"10s"}})");
    pass("w1");
    pass("w2");
  }
  void pass(const std::string& id) { put_ok("/v1/agent/check/pass/service:" + id); }
  void warn(const std::string& id) { put_ok("/v1/agent/check/warn/service:" + id); }
  void expect_by_id(const std::string& id, int status, const std::string& word) {
    const Answer text = get("/v1/agent/health/service/id/" + id + "?format=text");
    EXPECT_EQ(text.status, status);
    EXPECT_EQ(text.body, word);
    EXPECT_EQ(text.headers.at("X-Consul-Reason"), word);
    const Answer json = get("/v1/agent/health/service/id/" + id);
    EXPECT_EQ(json.status, status);
    EXPECT_EQ(json.content_type, "application/json");
    EXPECT_TRUE(json.body.starts_with("{\"AggregatedStatus\":\"" + word + "\",\"Service\":{"))
        << json.body;
  }
};

TEST_F(Health, trap_21_is_200_429_503_by_the_worst_check) {
  expect_by_id("w1", 200, "passing");
  warn("w1");
  expect_by_id("w1", 429, "warning");
  put_ok("/v1/agent/check/fail/service:w1");
  expect_by_id("w1", 503, "critical");
  put_ok("/v1/agent/service/maintenance/w1?enable=true");
  expect_by_id("w1", 503, "maintenance");
  expect_by_id("w2", 200, "passing");
}

TEST_F(Health, includes_the_checks_of_the_node) {
  put_ok(register_path, R"({"Name":"mem","TTL":"10s","Status":"warning"})");
  expect_by_id("w1", 429, "warning");
}

TEST_F(Health, of_a_name_is_that_of_its_worst_instance) {
  const auto by_name = [&] { return get("/v1/agent/health/service/name/web"); };
  EXPECT_EQ(by_name().status, 200);
  warn("w2");
  EXPECT_EQ(by_name().status, 429);
  const Answer text = get("/v1/agent/health/service/name/web", "text/plain");
  EXPECT_EQ(text.body, "warning");
  const auto json = api::parse_json(by_name().body);
  ASSERT_TRUE(json.has_value());
  EXPECT_EQ(json->if_array()->size(), 2u);
}

TEST_F(Health, of_an_unknown_service_is_404_in_the_forms_clients_expect) {
  const Answer id = get("/v1/agent/health/service/id/x");
  EXPECT_EQ(id.status, 404);
  EXPECT_EQ(id.body, R"({"AggregatedStatus":"critical","Service":null,"Checks":null})");
  EXPECT_EQ(get("/v1/agent/health/service/id/x?format=text").body, "ServiceId x not found");
  const Answer name = get("/v1/agent/health/service/name/x");
  EXPECT_EQ(name.status, 404);
  EXPECT_EQ(name.body, "[]");
  EXPECT_EQ(get("/v1/agent/health/service/name/x", "text/plain").body, "ServiceName x Not Found");
}

TEST_F(Health, needs_a_service) {
  expect_error(get("/v1/agent/health/service/id/"), 400, "Missing serviceID");
  expect_error(get("/v1/agent/health/service/name/"), 400, "Missing service Name");
}

TEST_F(Health, shows_an_empty_list_for_a_service_without_checks) {
  put_ok("/v1/agent/service/register", R"({"Name":"bare"})");
  const Answer answer = get("/v1/agent/health/service/id/bare");
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.body.ends_with("\"Checks\":[]}")) << answer.body;
}

}  // namespace
}  // namespace conclave::agent
