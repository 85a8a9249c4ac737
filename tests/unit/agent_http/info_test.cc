// Oracle: contract 6.4.

#include <gtest/gtest.h>

#include "base/core/version.h"
#include "tests/unit/agent_http/fixture.h"

namespace conclave::agent {
namespace {

api::JsonValue json_of(const Answer& answer) {
  EXPECT_EQ(answer.status, 200) << answer.body;
  return api::parse_json(answer.body).value();
}

api::Member member(std::string name, std::string role) {
  api::Member row;
  row.name = std::move(name);
  row.address = "10.0.0.1";
  row.port = 8301;
  row.status = 1;
  row.tags = {{"role", std::move(role)}, {"dc", "dc1"}};
  return row;
}

TEST_F(AgentHttp, self_has_exactly_the_members_that_python_consul_asserts) {
  const api::JsonValue self = json_of(get("/v1/agent/self"));
  std::set<std::string> names;
  for (const auto& [name, value] : *self.if_object()) {
    names.insert(name);
    // The Go client decodes into map[string]map[string]interface{}.
    EXPECT_TRUE(value.is_null() || value.if_object() != nullptr) << name;
  }
  EXPECT_EQ(names,
            (std::set<std::string>{"Config", "Coord", "DebugConfig", "Member", "Meta", "Stats"}));
}

TEST_F(AgentHttp, self_tells_who_it_is) {
  host.known = {member("n1", "consul"), member("n2", "node")};
  host.server.leader = true;
  host.server.leader_address = "10.0.0.1:8300";
  host.server.raft = {{"state", "Leader"}};
  const api::JsonValue self = json_of(get("/v1/agent/self"));
  const api::JsonValue& config = *self.find("Config");
  EXPECT_EQ(*config.find("NodeName")->if_string(), "n1");
  EXPECT_EQ(*config.find("Datacenter")->if_string(), "dc1");
  EXPECT_EQ(*config.find("PrimaryDatacenter")->if_string(), "dc1");
  EXPECT_EQ(*config.find("Version")->if_string(), compatible_version);
  EXPECT_TRUE(*config.find("Server")->if_bool());
  const api::JsonValue& stats = *self.find("Stats");
  EXPECT_EQ(*stats.find("consul")->find("leader_addr")->if_string(), "10.0.0.1:8300");
  EXPECT_EQ(*stats.find("consul")->find("leader")->if_string(), "true");
  EXPECT_EQ(*stats.find("raft")->find("state")->if_string(), "Leader");
  EXPECT_EQ(*stats.find("serf_lan")->find("members")->if_string(), "2");
  EXPECT_EQ(*stats.find("build")->find("conclave_version")->if_string(), conclave_version);
  EXPECT_EQ(*self.find("Meta")->find("consul-version")->if_string(), compatible_version);
  EXPECT_EQ(*self.find("DebugConfig")->find("SerfAdvertiseAddrLAN")->if_string(),
            "tcp://10.0.0.1:8301");
}

TEST_F(AgentHttp, the_own_member_is_the_same_in_self_and_members) {
  for (const bool joined : {false, true}) {
    if (joined) host.known = {member("n0", "consul"), member("n1", "consul")};
    const api::JsonValue self = json_of(get("/v1/agent/self"));
    const api::JsonValue members = json_of(get("/v1/agent/members"));
    std::string own;
    self.find("Member")->append_to(own);
    bool found = false;
    for (const api::JsonValue& one : *members.if_array()) {
      std::string text;
      one.append_to(text);
      found = found || text == own;
    }
    EXPECT_TRUE(found) << own;
  }
}

TEST_F(AgentHttp, members_look_like_serfs) {
  host.known = {member("n1", "consul")};
  EXPECT_EQ(get("/v1/agent/members").body,
            R"([{"Name":"n1","Addr":"10.0.0.1","Port":8301,"Tags":{"dc":"dc1","role":"consul"},)"
            R"("Status":1,"ProtocolMin":1,"ProtocolMax":5,"ProtocolCur":2,"DelegateMin":2,)"
            R"("DelegateMax":5,"DelegateCur":4}])");
}

TEST_F(AgentHttp, wan_members_are_servers_with_the_datacenter_in_their_names) {
  host.known = {member("n1", "consul"), member("n2", "node")};
  const api::JsonValue members = json_of(get("/v1/agent/members?wan=1"));
  ASSERT_EQ(members.if_array()->size(), 1u);
  EXPECT_EQ(*members.if_array()->front().find("Name")->if_string(), "n1.dc1");
}

TEST_F(AgentHttp, version_names_both_versions) {
  const api::JsonValue version = json_of(get("/v1/agent/version"));
  EXPECT_EQ(*version.find("HumanVersion")->if_string(), compatible_version);
  EXPECT_EQ(*version.find("ConclaveVersion")->if_string(), conclave_version);
  EXPECT_EQ(*version.find("FIPS")->if_string(), "");
}

TEST_F(AgentHttp, metrics_are_json_and_prometheus_only_where_retention_is_set) {
  metrics.counter("consul.test", "A test.").add(3);
  const api::JsonValue json = json_of(get("/v1/agent/metrics"));
  for (const char* name : {"Timestamp", "Gauges", "Points", "Counters", "Samples"}) {
    EXPECT_NE(json.find(name), nullptr) << name;
  }
  for (const auto& refused : {get("/v1/agent/metrics?format=prometheus"),
                              get("/v1/agent/metrics", "application/openmetrics-text"),
                              get("/v1/agent/metrics", "text/plain; version=0.4.0")}) {
    EXPECT_EQ(refused.status, 415);
    EXPECT_EQ(refused.body, "");
    EXPECT_EQ(refused.headers.at("X-Consul-Reason"),
              "Prometheus is not enabled since its retention time is not positive");
  }
  context.options.prometheus_enabled = true;
  EXPECT_TRUE(get("/v1/agent/metrics?format=prometheus").body.contains("consul_test"));
}

TEST_F(AgentHttp, prometheus_text_is_always_at_metrics) {
  metrics.counter("consul.test", "A test.").add(3);
  const Answer answer = get("/metrics");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_TRUE(answer.body.contains("consul_test")) << answer.body;
}

TEST_F(AgentHttp, join_and_force_leave_do_what_the_host_does) {
  put_ok("/v1/agent/join/10.0.0.2:8301?wan=1");
  EXPECT_EQ(host.joined, "10.0.0.2:8301");
  put_ok("/v1/agent/force-leave/web-1");
  EXPECT_EQ(host.forced, "web-1");
  put_ok("/v1/agent/force-leave/web-1.dc1?prune&wan");
  EXPECT_EQ(host.forced, "web-1 pruned");
  expect_error(put("/v1/agent/join/"), 400, "Missing address to join");
  host.next = fail(ErrorCode::io, "10.0.0.2:8301: connection refused");
  expect_error(put("/v1/agent/join/10.0.0.2"), 500,
               "Error joining 10.0.0.2:8301: connection refused");
  host.next = fail(ErrorCode::not_found, "agent: No node found with name 'x'");
  expect_error(put("/v1/agent/force-leave/x"), 500, "agent: No node found with name 'x'");
}

TEST_F(AgentHttp, reload_and_leave_do_what_the_host_does) {
  put_ok("/v1/agent/reload");
  put_ok("/v1/agent/leave");
  EXPECT_EQ(host.reloads, 1);
  EXPECT_EQ(host.leaves, 1);
  host.next = fail(ErrorCode::bad_request, "config.json: invalid config key prot");
  expect_error(put("/v1/agent/reload"), 500, "config.json: invalid config key prot");
  expect_error(put("/v1/agent/leave"), 500, "config.json: invalid config key prot");
}

TEST_F(AgentHttp, the_host_shows_memory_processors_and_disk) {
  const Answer answer = get("/v1/agent/host");
  EXPECT_EQ(answer.status, 200);
  for (const char* member : {"\"Memory\":", "\"CPU\":", "\"Host\":", "\"Disk\":"}) {
    EXPECT_NE(answer.body.find(member), std::string::npos) << member;
  }
}

TEST_F(AgentHttp, a_monitor_needs_a_level_that_exists) {
  expect_error(get("/v1/agent/monitor?loglevel=loud"), 400, "Unknown log level: loud");
  EXPECT_EQ(get("/v1/agent/monitor?loglevel=DEBUG").status, 200);
  EXPECT_EQ(get("/v1/agent/monitor").status, 200);
}

TEST_F(AgentHttp, metrics_are_streamed) {
  const Answer answer = get("/v1/agent/metrics/stream");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.content_type, "application/json");
}

TEST_F(AgentHttp, tokens_cannot_be_set_without_acls) {
  expect_error(put("/v1/agent/token/default", R"({"Token":"x"})"), 401, "ACL support disabled");
}

TEST_F(AgentHttp, endpoints_answer_only_their_methods) {
  const Answer answer = put("/v1/agent/self");
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(get("/v1/agent/service/register").status, 405);
  EXPECT_EQ(get("/v1/agent/service/maintenance/web").status, 405);
}

// Oracle: python-consul 0.7.1, which sends GET where today's clients send PUT (contract 1.1).
TEST_F(AgentHttp, what_old_clients_get_is_done_as_if_it_were_put) {
  put("/v1/agent/service/register", R"({"Name":"web","Check":{"TTL":"60s"}})");
  EXPECT_EQ(get("/v1/agent/check/pass/service:web").status, 200);
  EXPECT_EQ(get("/v1/agent/check/warn/service:web").status, 200);
  EXPECT_EQ(get("/v1/agent/check/fail/service:web").status, 200);
  EXPECT_EQ(get("/v1/agent/check/deregister/service:web").status, 200);
  EXPECT_EQ(get("/v1/agent/service/deregister/web").status, 200);
  EXPECT_EQ(get("/v1/agent/service/deregister/web").status, 404);
}

}  // namespace
}  // namespace conclave::agent
