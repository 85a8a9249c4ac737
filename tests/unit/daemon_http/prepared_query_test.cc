// Oracle: contract section 13 (prepared queries); the calls are those of the official Go client's
// TestAPI_PreparedQuery.
#include <algorithm>
#include <set>

#include "api/codec/reader.h"
#include "tests/unit/daemon_http/server_fixture.h"

namespace conclave::daemon {
namespace {

using api::Method;

const std::string nobody = "00000000-0000-0000-0000-00000000dead";

class PreparedQueryTest : public ServerTest {
 protected:
  Answer post(std::string body) { return call(Method::post, "/v1/query", std::move(body)); }
  std::string create(std::string body) {
    const Answer answer = post(std::move(body));
    EXPECT_EQ(answer.status, 200) << answer.body;
    // {"ID":"<36 characters>"}
    return answer.body.size() == 45 ? answer.body.substr(7, 36) : std::string();
  }
  /// Ids of the instances that are found, sorted; the refusal if it is one.
  std::string found(std::string_view target) {
    const Answer answer = get(target);
    if (answer.status != 200) return refusal(answer);
    return ids(answer, true);
  }
  /// The same in the order of the answer.
  std::string ids(const Answer& answer, bool sorted) {
    const auto json = api::parse_json(answer.body);
    std::vector<std::string> ids;
    for (const api::JsonValue& node : *json->find("Nodes")->if_array()) {
      std::string id;
      EXPECT_TRUE(api::read_json(*node.find("Service")->find("ID"), id));
      ids.push_back(id);
    }
    if (sorted) std::ranges::sort(ids);
    std::string text;
    for (const std::string& id : ids) text += (text.empty() ? "" : " ") + id;
    return text;
  }
  void check(const std::string& node, const std::string& id, const std::string& status,
             const std::string& service_id = "") {
    EXPECT_EQ(put("/v1/catalog/register",
                  R"({"Node":")" + node + R"(","SkipNodeUpdate":true,"Check":{"CheckID":")" + id +
                      R"(","Status":")" + status + R"(","ServiceID":")" + service_id + R"("}})")
                  .body,
              "true");
  }
};

TEST_F(PreparedQueryTest, is_created_read_listed_updated_and_removed) {
  EXPECT_EQ(get("/v1/query").body, "[]");
  const std::string session = create_session();
  const std::string id = create(
      R"({"Name":"geo","Session":")" + session +
      R"(","Token":"t","Service":{"Service":"redis","Failover":{"NearestN":3,)"
      R"("Datacenters":["dc1","dc2"]},"OnlyPassing":true,"IgnoreCheckIDs":["c"],"Near":"n1",)"
      R"("Tags":["a","!b"],"NodeMeta":{"k":"v"},"ServiceMeta":{"x":"y"}},"DNS":{"TTL":"10s"}})");
  const Answer one = get("/v1/query/" + id);
  const std::string index = std::to_string(one.index());
  EXPECT_EQ(one.body,
            R"([{"ID":")" + id + R"(","Name":"geo","Session":")" + session +
                R"(","Token":"t","Template":{"Type":"","Regexp":"","RemoveEmptyTags":false},)"
                R"("Service":{"Service":"redis","SamenessGroup":"","Failover":{"NearestN":3,)"
                R"("Datacenters":["dc1","dc2"],"Targets":null},"OnlyPassing":true,)"
                R"("IgnoreCheckIDs":["c"],"Near":"n1","Tags":["a","!b"],"NodeMeta":{"k":"v"},)"
                R"("ServiceMeta":{"x":"y"},"Connect":false,"Peer":""},"DNS":{"TTL":"10s"},)"
                R"("CreateIndex":)" +
                index + R"(,"ModifyIndex":)" + index + "}]");
  EXPECT_EQ(one.header("X-Consul-Effective-Consistency"), "leader");
  EXPECT_EQ(get("/v1/query").body, one.body);

  const Answer updated =
      put("/v1/query/" + id, R"({"ID":"x","Name":"other","service":{"service":"web"}})");
  EXPECT_EQ(updated.status, 200);
  EXPECT_EQ(updated.body, "");
  const std::string now = get("/v1/query/" + id).body;
  EXPECT_NE(now.find(R"("Name":"other","Session":"","Token":"")"), std::string::npos);
  EXPECT_NE(
      now.find(R"("IgnoreCheckIDs":null,"Near":"","Tags":null,"NodeMeta":null,"ServiceMeta":null)"),
      std::string::npos);
  EXPECT_NE(now.find(R"("CreateIndex":)" + index), std::string::npos);

  EXPECT_EQ(refusal(del("/v1/query/" + id)), "200 ");
  EXPECT_EQ(refusal(get("/v1/query/" + id)), "404 Query not found");
  EXPECT_EQ(get("/v1/query").body, "[]");
}

TEST_F(PreparedQueryTest, what_makes_no_sense_is_refused) {
  struct Case {
    const char* body;
    const char* expected;
  };
  const Case cases[] = {
      {R"({"ID":"x","Name":"a","Service":{"Service":"s"}})",
       "500 ID must be empty when creating a new prepared query"},
      {R"({"Service":{"Service":"s"}})", "500 Invalid prepared query: Must be bound to a session"},
      {R"({"Name":"a"})", "500 Invalid prepared query: Must provide a Service name to query"},
      {R"({"Name":"a","Service":{"Service":"s","Failover":{"NearestN":-1}}})",
       "500 Invalid prepared query: Bad NearestN '-1', must be >= 0"},
      {R"({"Name":"a","Service":{"Service":"s","Failover":{"NearestN":1,"Targets":[{}]}}})",
       "500 Invalid prepared query: Targets cannot be populated with NearestN or Datacenters"},
      {R"({"Name":"a","Service":{"Service":"s"},"DNS":{"TTL":"x"}})",
       "500 Invalid prepared query: Bad DNS TTL 'x': time: invalid duration \"x\""},
      {R"({"Name":"a","Service":{"Service":"s"},"DNS":{"TTL":"-1s"}})",
       "500 Invalid prepared query: DNS TTL '-1000000000', must be >=0"},
      {R"({"Name":"a","Token":"<hidden>","Service":{"Service":"s"}})",
       "500 Invalid prepared query: Bad Token '<hidden>', it looks like a query definition with a "
       "redacted token was submitted"},
      {R"({"Name":"a","Session":"none","Service":{"Service":"s"}})",
       "500 invalid session \"none\""},
      {R"({"Name":"a","Template":{"Type":"magic"},"Service":{"Service":"s"}})",
       "500 failed compiling template: Bad Template.Type 'magic'"},
  };
  for (const Case& c : cases) EXPECT_EQ(refusal(post(c.body)), c.expected);
  EXPECT_TRUE(refusal(post("{")).starts_with("400 Request decode failed: "));
  EXPECT_EQ(get("/v1/query").body, "[]");

  create(R"({"Name":"taken","Service":{"Service":"s"}})");
  EXPECT_EQ(refusal(post(R"({"Name":"taken","Service":{"Service":"s"}})")),
            "500 name 'taken' aliases an existing query name");
  const std::string unknown = "500 Cannot modify non-existent prepared query: '" + nobody + "'";
  EXPECT_EQ(refusal(put("/v1/query/" + nobody, R"({"Name":"a","Service":{"Service":"s"}})")),
            unknown);
  EXPECT_EQ(refusal(del("/v1/query/" + nobody)), unknown);
}

TEST_F(PreparedQueryTest, what_is_not_there_is_a_404_with_headers) {
  for (const std::string& target :
       {"/v1/query/" + nobody, "/v1/query/" + nobody + "/execute", std::string("/v1/query/x"),
        std::string("/v1/query/x/execute"), std::string("/v1/query/x/explain")}) {
    const Answer answer = get(target);
    EXPECT_EQ(refusal(answer), "404 Query not found") << target;
    EXPECT_EQ(answer.content_type, "text/plain; charset=utf-8");
    EXPECT_EQ(answer.header("X-Consul-KnownLeader"), "true");
    EXPECT_NE(answer.index(), 0u);
  }
}

TEST_F(PreparedQueryTest, the_methods_are_those_of_the_table) {
  EXPECT_EQ(call(Method::put, "/v1/query", "").status, 405);
  EXPECT_EQ(call(Method::put, "/v1/query", "").header("Allow"), "OPTIONS,GET,POST");
  EXPECT_EQ(call(Method::post, "/v1/query/x", "").header("Allow"), "OPTIONS,GET,PUT,DELETE");
  EXPECT_EQ(call(Method::put, "/v1/query/x/execute", "").header("Allow"), "OPTIONS,GET");
  EXPECT_EQ(call(Method::del, "/v1/query/x/explain", "").header("Allow"), "OPTIONS,GET");
}

TEST_F(PreparedQueryTest, only_ids_are_read_but_names_are_executed) {
  register_service("n1", "w1", "web");
  const std::string id = create(R"({"Name":"Web","Service":{"Service":"web"}})");
  EXPECT_EQ(get("/v1/query/Web").status, 404);
  EXPECT_EQ(found("/v1/query/" + id + "/execute"), "w1");
  EXPECT_EQ(found("/v1/query/wEB/execute"), "w1");
}

TEST_F(PreparedQueryTest, an_execution_says_what_was_asked_and_found) {
  register_service("n1", "w1", "web");
  create(R"({"Name":"q","Service":{"Service":"web"},"DNS":{"TTL":"10s"}})");
  const Answer answer = get("/v1/query/q/execute");
  EXPECT_TRUE(
      answer.body.starts_with(R"({"Service":"web","Nodes":[{"Node":{"ID":"","Node":"n1",)"));
  EXPECT_TRUE(answer.body.ends_with(
      R"(],"DNS":{"TTL":"10s"},"Datacenter":"dc1","PeerName":"","Failovers":0,"Index":)" +
      std::to_string(answer.index()) +
      R"(,"LastContact":0,"KnownLeader":true,"ConsistencyLevel":"leader","NotModified":false,)"
      R"("Backend":0,"ResultsFilteredByACLs":false})"));
  EXPECT_EQ(answer.header("X-Consul-Effective-Consistency"), "leader");
  const Answer none = get("/v1/query/" + create(R"({"Name":"none","Service":{"Service":"x",
      "Failover":{"Datacenters":["dc2"]}}})") +
                          "/execute?stale");
  EXPECT_TRUE(
      none.body.starts_with(R"({"Service":"x","Nodes":[],"DNS":{"TTL":""},"Datacenter":"dc1")"));
  EXPECT_NE(none.body.find(R"("Failovers":0)"), std::string::npos);
  EXPECT_NE(none.body.find(R"("ConsistencyLevel":"stale")"), std::string::npos);
}

TEST_F(PreparedQueryTest, instances_are_chosen_by_health) {
  for (const char* id : {"w1", "w2", "w3"}) register_service("n1", id, "web");
  register_service("n2", "w4", "web");
  check("n1", "c2", "warning", "w2");
  check("n1", "c3", "critical", "w3");
  create(R"({"Name":"any","Service":{"Service":"web"}})");
  create(R"({"Name":"passing","Service":{"Service":"web","OnlyPassing":true}})");
  create(R"({"Name":"ignoring","Service":{"Service":"web","OnlyPassing":true,
             "IgnoreCheckIDs":["c2","c3"]}})");
  EXPECT_EQ(found("/v1/query/any/execute"), "w1 w2 w4");
  EXPECT_EQ(found("/v1/query/any/execute?passing"), "w1 w4");
  EXPECT_EQ(found("/v1/query/any/execute?passing=false"), "w1 w2 w4");
  EXPECT_EQ(found("/v1/query/passing/execute"), "w1 w4");
  EXPECT_EQ(found("/v1/query/ignoring/execute"), "w1 w2 w3 w4");
  check("n1", "node", "critical");
  EXPECT_EQ(found("/v1/query/any/execute"), "w4");
}

TEST_F(PreparedQueryTest, instances_are_chosen_by_tags_and_meta) {
  put("/v1/catalog/register",
      R"({"Node":"n9","Address":"10.0.0.9","NodeMeta":{"rack":"r1"},
          "Service":{"ID":"w1","Service":"web","Tags":["Blue","fast"],"Meta":{"v":"1"}}})");
  register_service("n1", "w2", "web", R"(,"Tags":["blue"],"Meta":{"v":"2"})");
  register_service("n1", "w3", "web");
  struct Case {
    const char* service;
    const char* expected;
  };
  const Case cases[] = {
      {R"("Tags":["BLUE"])", "w1 w2"},
      {R"("Tags":["blue","fast"])", "w1"},
      {R"("Tags":["blue","!FAST"])", "w2"},
      {R"("Tags":["!blue"])", "w3"},
      {R"("NodeMeta":{"rack":"r1"})", "w1"},
      {R"("NodeMeta":{"rack":"R1"})", ""},
      {R"("ServiceMeta":{"v":"2"})", "w2"},
      {R"("ServiceMeta":{"v":"2","w":""})", ""},
      {R"("Connect":true)", ""},
  };
  int number = 0;
  for (const Case& c : cases) {
    const std::string name = "q" + std::to_string(++number);
    create(R"({"Name":")" + name + R"(","Service":{"Service":"web",)" + c.service + "}}");
    EXPECT_EQ(found("/v1/query/" + name + "/execute"), c.expected) << c.service;
  }
  EXPECT_EQ(found("/v1/query/q1/execute?connect=true"), "");
  EXPECT_EQ(found("/v1/query/q1/execute?connect=x"),
            "500 Error parsing 'connect' value: strconv.ParseBool: parsing \"x\": invalid syntax");
}

TEST_F(PreparedQueryTest, a_limit_is_kept_and_the_order_is_drawn) {
  for (const char* id : {"w1", "w2", "w3", "w4", "w5"}) register_service("n1", id, "web");
  create(R"({"Name":"q","Service":{"Service":"web"}})");
  EXPECT_EQ(found("/v1/query/q/execute?limit=2").size(), 5u);
  EXPECT_EQ(found("/v1/query/q/execute?limit=0").size(), 14u);
  EXPECT_EQ(found("/v1/query/q/execute?limit=-3").size(), 14u);
  EXPECT_EQ(found("/v1/query/q/execute?limit=x"),
            "500 Bad limit: strconv.Atoi: parsing \"x\": invalid syntax");
  EXPECT_EQ(found("/v1/query/q/execute?limit=99999999999999999999"),
            "500 Bad limit: strconv.Atoi: parsing \"99999999999999999999\": value out of range");
  std::set<std::string> orders;
  for (int i = 0; i < 20; ++i) orders.insert(ids(get("/v1/query/q/execute"), false));
  EXPECT_GT(orders.size(), 1u);
}

TEST_F(PreparedQueryTest, near_sorts_by_distance_and_puts_the_node_itself_first) {
  settings_->coordinate_update_period = {};
  const char* nodes[] = {"n1", "n2", "n3"};
  for (int i = 0; i < 3; ++i) {
    register_service(nodes[i], "w" + std::to_string(i + 1), "web");
    const std::string vec = "[" + std::to_string(i * i) + ",0,0,0,0,0,0,0]";
    put("/v1/coordinate/update",
        std::string(R"({"Node":")") + nodes[i] + R"(","Coord":{"Vec":)" + vec + "}}");
  }
  create(R"({"Name":"far","Service":{"Service":"web","Near":"n3"}})");
  create(R"({"Name":"agent","Service":{"Service":"web","Near":"_agent"}})");
  EXPECT_EQ(ids(get("/v1/query/far/execute"), false), "w3 w2 w1");
  EXPECT_EQ(ids(get("/v1/query/agent/execute"), false), "w1 w2 w3");
  EXPECT_EQ(ids(get("/v1/query/far/execute?near=_agent"), false), "w1 w2 w3");
  EXPECT_EQ(ids(get("/v1/query/far/execute?near=n2&limit=2"), false), "w2 w1");
}

TEST_F(PreparedQueryTest, templates_are_found_by_the_longest_name) {
  register_service("n1", "w1", "web");
  register_service("n1", "d1", "db");
  create(
      R"({"Name":"","Template":{"Type":"name_prefix_match"},
             "Service":{"Service":"${name.full}"}})");
  create(R"({"Name":"geo-","Template":{"Type":"name_prefix_match","Regexp":"^geo-(.*?)-x$"},
             "Service":{"Service":"${match(1)}"}})");
  EXPECT_EQ(found("/v1/query/web/execute"), "w1");
  EXPECT_EQ(found("/v1/query/geo-db-x/execute"), "d1");
  const Answer explained = get("/v1/query/geo-db-x/explain");
  EXPECT_TRUE(explained.body.starts_with(R"({"Query":{"ID":")"));
  EXPECT_NE(explained.body.find(R"("Service":{"Service":"db",)"), std::string::npos);
  EXPECT_NE(explained.body.find(R"("KnownLeader":true)"), std::string::npos);
  EXPECT_EQ(explained.header("X-Consul-KnownLeader"), "true");
}

TEST_F(PreparedQueryTest, lists_and_reads_wait_for_queries_and_nothing_else) {
  const std::string id = create(R"({"Name":"q","Service":{"Service":"web"}})");
  const std::string index = "?index=" + std::to_string(get("/v1/query").index());
  auto all = wait_for("/v1/query" + index);
  auto one = wait_for("/v1/query/" + id + index);
  put("/v1/kv/unrelated", "x");
  register_service("n1", "w1", "web");
  settle();
  EXPECT_FALSE(all->answer);
  EXPECT_FALSE(one->answer);
  del("/v1/query/" + id);
  settle();
  ASSERT_TRUE(all->answer);
  ASSERT_TRUE(one->answer);
  EXPECT_EQ(all->answer->body, "[]");
  EXPECT_EQ(refusal(*one->answer), "404 Query not found");
}

TEST_F(PreparedQueryTest, goes_with_its_session) {
  const std::string session = create_session();
  const std::string id = create(R"({"Session":")" + session + R"(","Service":{"Service":"web"}})");
  EXPECT_EQ(get("/v1/query/" + id).status, 200);
  put("/v1/session/destroy/" + session);
  EXPECT_EQ(get("/v1/query/" + id).status, 404);
}

}  // namespace
}  // namespace conclave::daemon
