// Oracle: contract sections 9 (health), 2.3 (indexes).
#include "tests/unit/daemon_http/server_fixture.h"

namespace conclave::daemon {
namespace {

class HealthTest : public ServerTest {
 protected:
  void add_check(const std::string& id, const std::string& status, const std::string& service) {
    const Answer answer =
        put("/v1/catalog/register", R"({"Node":"n1","SkipNodeUpdate":true,"Check":{"CheckID":")" +
                                        id + R"(","Name":")" + id + R"(","Status":")" + status +
                                        R"(","ServiceID":")" + service + "\"}}");
    ASSERT_EQ(answer.body, "true");
  }
};

TEST_F(HealthTest, an_entry_has_node_service_and_both_kinds_of_checks) {
  EXPECT_EQ(put("/v1/catalog/register",
                R"({"Node":"n1","SkipNodeUpdate":true,"Service":{"ID":"w","Service":"web"}})")
                .body,
            "true");
  add_check("alive", "warning", "w");
  EXPECT_EQ(get("/v1/health/service/web").body,
            R"([{"Node":{"ID":"","Node":"n1","Address":"10.0.0.1","Datacenter":"dc1",)"
            R"("TaggedAddresses":null,"Meta":null,"CreateIndex":2,"ModifyIndex":2},)"
            R"("Service":{"ID":"w","Service":"web","Tags":[],"Address":"","Meta":{},"Port":0,)"
            R"("Weights":{"Passing":1,"Warning":1},"EnableTagOverride":false,)"
            R"("Proxy":{"Mode":"","MeshGateway":{},"Expose":{}},"Connect":{},"PeerName":"",)"
            R"("CreateIndex":3,"ModifyIndex":3,"Locality":null},)"
            R"("Checks":[{"Node":"n1","CheckID":"serfHealth","Name":"Serf Health Status",)"
            R"("Status":"passing","Notes":"","Output":"Agent alive and reachable","ServiceID":"",)"
            R"("ServiceName":"","ServiceTags":[],"Type":"","Interval":"","Timeout":"",)"
            R"("ExposedPort":0,"Definition":{},"CreateIndex":2,"ModifyIndex":2},)"
            R"({"Node":"n1","CheckID":"alive","Name":"alive","Status":"warning","Notes":"",)"
            R"("Output":"","ServiceID":"w","ServiceName":"web","ServiceTags":[],"Type":"",)"
            R"("Interval":"","Timeout":"","ExposedPort":0,"Definition":{},"CreateIndex":4,)"
            R"("ModifyIndex":4}]}])");
}

TEST_F(HealthTest, headers_tell_the_backend) {
  EXPECT_EQ(get("/v1/health/service/web").header("X-Consul-Query-Backend"), "blocking-query");
  EXPECT_EQ(get("/v1/health/service/web").header("X-Consul-Effective-Consistency"), "leader");
  EXPECT_EQ(get("/v1/health/checks/web").header("X-Consul-Query-Backend"), "");
}

TEST_F(HealthTest, unknown_names_are_empty_lists) {
  for (const char* target : {"service/none", "checks/none", "node/none", "state/warning"}) {
    EXPECT_EQ(refusal(get(std::string("/v1/health/") + target)), "200 []") << target;
  }
}

TEST_F(HealthTest, passing_keeps_entries_whose_every_check_passes) {
  register_service("n1", "good", "web");
  register_service("n1", "bad", "web");
  add_check("c", "warning", "bad");
  auto listed = [&](const char* parameters) {
    const std::string body = get(std::string("/v1/health/service/web") + parameters).body;
    return std::pair(body.contains(R"("Service":{"ID":"good")"),
                     body.contains(R"("Service":{"ID":"bad")"));
  };
  const std::pair only_good(true, false);
  const std::pair both(true, true);
  for (const char* yes : {"?passing", "?passing=", "?passing=1", "?passing=true", "?passing=T"}) {
    EXPECT_EQ(listed(yes), only_good) << yes;
  }
  for (const char* no : {"", "?passing=false", "?passing=0"}) EXPECT_EQ(listed(no), both) << no;
  add_check("node-wide", "critical", "");
  EXPECT_EQ(get("/v1/health/service/web?passing").body, "[]");
}

TEST_F(HealthTest, tags_and_node_meta_filter_entries) {
  register_service("n1", "a", "web", R"(,"Tags":["x","y"])");
  register_service("n1", "b", "web", R"(,"Tags":["x"])");
  const std::string body = get("/v1/health/service/web?tag=X&tag=y").body;
  EXPECT_TRUE(body.contains(R"("ID":"a")"));
  EXPECT_FALSE(body.contains(R"("ID":"b")"));
  EXPECT_EQ(get("/v1/health/service/web?node-meta=a:b").body, "[]");
}

TEST_F(HealthTest, checks_of_a_service_are_its_own_only) {
  register_service("n1", "w", "web");
  add_check("mine", "passing", "w");
  const std::string body = get("/v1/health/checks/web").body;
  EXPECT_TRUE(body.contains(R"("CheckID":"mine")"));
  EXPECT_FALSE(body.contains("serfHealth"));
  EXPECT_EQ(get("/v1/health/checks/web?node-meta=a:b").body, "[]");
}

TEST_F(HealthTest, checks_of_a_node_are_all_of_them) {
  register_service("n1", "w", "web");
  add_check("mine", "passing", "w");
  const std::string body = get("/v1/health/node/N1").body;
  EXPECT_TRUE(body.contains("serfHealth"));
  EXPECT_TRUE(body.contains("mine"));
}

TEST_F(HealthTest, state_selects_by_status) {
  add_check("w", "warning", "");
  add_check("c", "critical", "");
  const std::string any = get("/v1/health/state/any").body;
  for (const char* id : {"serfHealth", "\"w\"", "\"c\""}) EXPECT_TRUE(any.contains(id)) << id;
  const std::string critical = get("/v1/health/state/critical").body;
  EXPECT_TRUE(critical.contains("\"c\""));
  EXPECT_FALSE(critical.contains("\"w\""));
  EXPECT_EQ(get("/v1/health/state/any").index(), 4u);
}

TEST_F(HealthTest, refusals_have_consuls_status_and_text) {
  EXPECT_EQ(refusal(get("/v1/health/service/web?passing=x")), "400 Invalid value for ?passing");
  EXPECT_EQ(refusal(get("/v1/health/service/")), "400 Missing service name");
  EXPECT_EQ(refusal(get("/v1/health/checks/")), "400 Missing service name");
  EXPECT_EQ(refusal(get("/v1/health/node/")), "400 Missing node name");
  EXPECT_EQ(refusal(get("/v1/health/state/")), "400 Missing check state");
}

// Contract 22: a status change moves check, service and checks table.
TEST_F(HealthTest, a_status_change_moves_every_index_that_shows_it) {
  register_service("n1", "w", "web");
  add_check("c", "passing", "w");
  const std::uint64_t before = get("/v1/health/state/any").index();
  add_check("c", "critical", "w");
  for (const char* target :
       {"/v1/health/service/web", "/v1/health/checks/web", "/v1/health/node/n1",
        "/v1/health/state/any", "/v1/catalog/service/web", "/v1/catalog/node/n1"}) {
    EXPECT_GT(get(target).index(), before) << target;
  }
}

}  // namespace
}  // namespace conclave::daemon
