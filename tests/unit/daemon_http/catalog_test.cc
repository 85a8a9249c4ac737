// Oracle: contract sections 8 (catalog), 2.3 (indexes), 19 (clients), 20 (traps).
#include "tests/unit/daemon_http/server_fixture.h"

namespace conclave::daemon {
namespace {

using CatalogTest = ServerTest;

constexpr const char* full_registration = R"({
  "ID":"40e4a748-2192-161a-0510-9bf59fe950b5","Node":"Foo","Address":"192.168.10.10",
  "TaggedAddresses":{"lan":"192.168.10.10"},"NodeMeta":{"rack":"a:1"},
  "Service":{"ID":"redis1","Service":"redis","Tags":["Primary","v1"],"Address":"127.0.0.1",
             "Meta":{"redis_version":"4.0"},"Port":8000},
  "Check":{"Node":"foo","CheckID":"service:redis1","Name":"Redis health check","Notes":"script",
           "Status":"passing","ServiceID":"redis1","Definition":{"TCP":"localhost:8888",
           "Interval":"5s","Timeout":1000000000,"DeregisterCriticalServiceAfter":"30s"}}})";

TEST_F(CatalogTest, register_and_read_back_every_shape) {
  EXPECT_EQ(refusal(put("/v1/catalog/register", full_registration)), "200 true");
  EXPECT_EQ(get("/v1/catalog/nodes?node-meta=rack:a:1").body,
            R"([{"ID":"40e4a748-2192-161a-0510-9bf59fe950b5","Node":"Foo",)"
            R"("Address":"192.168.10.10","Datacenter":"dc1",)"
            R"("TaggedAddresses":{"lan":"192.168.10.10"},"Meta":{"rack":"a:1"},)"
            R"("CreateIndex":3,"ModifyIndex":3}])");
  EXPECT_EQ(get("/v1/catalog/services").body, R"({"redis":["Primary","v1"]})");
  EXPECT_EQ(get("/v1/catalog/service/redis").body,
            R"([{"ID":"40e4a748-2192-161a-0510-9bf59fe950b5","Node":"Foo",)"
            R"("Address":"192.168.10.10","Datacenter":"dc1",)"
            R"("TaggedAddresses":{"lan":"192.168.10.10"},"NodeMeta":{"rack":"a:1"},)"
            R"("ServiceKind":"","ServiceID":"redis1","ServiceName":"redis",)"
            R"("ServiceTags":["Primary","v1"],"ServiceAddress":"127.0.0.1",)"
            R"("ServiceWeights":{"Passing":1,"Warning":1},"ServiceMeta":{"redis_version":"4.0"},)"
            R"("ServicePort":8000,"ServiceSocketPath":"","ServiceEnableTagOverride":false,)"
            R"("ServiceProxy":{"Mode":"","MeshGateway":{},"Expose":{}},"ServiceConnect":{},)"
            R"("ServiceLocality":null,"CreateIndex":3,"ModifyIndex":3}])");
  const std::string node =
      R"({"ID":"40e4a748-2192-161a-0510-9bf59fe950b5","Node":"Foo","Address":"192.168.10.10",)"
      R"("Datacenter":"dc1","TaggedAddresses":{"lan":"192.168.10.10"},"Meta":{"rack":"a:1"},)"
      R"("CreateIndex":3,"ModifyIndex":3})";
  const std::string service =
      R"({"ID":"redis1","Service":"redis","Tags":["Primary","v1"],"Address":"127.0.0.1",)"
      R"("Meta":{"redis_version":"4.0"},"Port":8000,"Weights":{"Passing":1,"Warning":1},)"
      R"("EnableTagOverride":false,"Proxy":{"Mode":"","MeshGateway":{},"Expose":{}},)"
      R"("Connect":{},"PeerName":"","CreateIndex":3,"ModifyIndex":3,"Locality":null})";
  EXPECT_EQ(get("/v1/catalog/node/foo").body,
            "{\"Node\":" + node + ",\"Services\":{\"redis1\":" + service + "}}");
  EXPECT_EQ(get("/v1/catalog/node-services/foo").body,
            "{\"Node\":" + node + ",\"Services\":[" + service + "]}");
  EXPECT_EQ(get("/v1/health/node/foo").body,
            R"([{"Node":"Foo","CheckID":"service:redis1","Name":"Redis health check",)"
            R"("Status":"passing","Notes":"script","Output":"","ServiceID":"redis1",)"
            R"("ServiceName":"redis","ServiceTags":["Primary","v1"],"Type":"tcp","Interval":"",)"
            R"("Timeout":"","ExposedPort":0,"Definition":{"TCP":"localhost:8888",)"
            R"("Interval":"5s","Timeout":"1s","DeregisterCriticalServiceAfter":"30s"},)"
            R"("CreateIndex":3,"ModifyIndex":3}])");
}

TEST_F(CatalogTest, reads_carry_effective_consistency) {
  const Answer answer = get("/v1/catalog/services");
  EXPECT_EQ(answer.header("X-Consul-Effective-Consistency"), "leader");
  EXPECT_EQ(answer.header("X-Consul-Query-Backend"), "") << "only on health/service";
}

TEST_F(CatalogTest, empty_catalogs_have_their_own_shapes) {
  EXPECT_EQ(refusal(get("/v1/catalog/services")), "200 {}");
  EXPECT_EQ(refusal(get("/v1/catalog/service/none")), "200 []");
  EXPECT_EQ(refusal(get("/v1/catalog/datacenters")), "200 [\"dc1\"]");
  EXPECT_EQ(get("/v1/catalog/datacenters").header("X-Consul-Index"), "");
  EXPECT_EQ(refusal(get("/v1/catalog/node-services/none")), "200 {\"Node\":null,\"Services\":[]}");
}

TEST_F(CatalogTest, trap_17_an_unknown_node_is_null) {
  const Answer answer = get("/v1/catalog/node/none");
  EXPECT_EQ(refusal(answer), "200 null");
  EXPECT_EQ(answer.content_type, "application/json");
}

TEST_F(CatalogTest, a_node_may_be_named_by_its_id_or_the_beginning_of_it) {
  put("/v1/catalog/register", full_registration);
  const std::string body = get("/v1/catalog/node/Foo").body;
  EXPECT_EQ(get("/v1/catalog/node/40e4a748-2192-161a-0510-9bf59fe950b5").body, body);
  EXPECT_EQ(get("/v1/catalog/node/40e4a748").body, body);
}

TEST_F(CatalogTest, nodes_are_listed_by_name) {
  for (const char* node : {"zeta", "Alpha", "beta"}) {
    put("/v1/catalog/register", std::string(R"({"Node":")") + node + R"(","Address":"a"})");
  }
  const std::string body = get("/v1/catalog/nodes").body;
  EXPECT_LT(body.find("Alpha"), body.find("beta"));
  EXPECT_LT(body.find("beta"), body.find("\"n1\""));
  EXPECT_LT(body.find("\"n1\""), body.find("zeta"));
}

TEST_F(CatalogTest, tags_are_merged_once_each_and_keep_their_case) {
  register_service("n1", "a", "web", R"(,"Tags":["x","Y"])");
  register_service("n2", "b", "web", R"(,"Tags":["y","x"])");
  register_service("n2", "c", "bare");
  EXPECT_EQ(get("/v1/catalog/services").body, R"({"bare":[],"web":["x","Y","y"]})");
}

TEST_F(CatalogTest, tag_filters_are_anded_without_case) {
  register_service("n1", "a", "web", R"(,"Tags":["Red","Big"])");
  register_service("n1", "b", "web", R"(,"Tags":["red"])");
  auto has = [&](const char* parameters, const char* id) {
    const std::string target = std::string("/v1/catalog/service/web") + parameters;
    return get(target).body.contains(std::string(R"("ServiceID":")") + id + '"');
  };
  EXPECT_TRUE(has("?tag=red", "a") && has("?tag=RED", "b"));
  EXPECT_TRUE(has("?tag=red&tag=big", "a"));
  EXPECT_FALSE(has("?tag=red&tag=big", "b"));
  EXPECT_EQ(get("/v1/catalog/service/web?tag=blue").body, "[]");
}

TEST_F(CatalogTest, node_meta_filters_are_anded) {
  put("/v1/catalog/register",
      R"({"Node":"m","Address":"a","NodeMeta":{"k":"v","e":""},"Service":{"Service":"s"}})");
  register_service("n1", "s", "s");
  EXPECT_TRUE(get("/v1/catalog/nodes?node-meta=k:v&node-meta=e").body.contains("\"m\""));
  EXPECT_EQ(get("/v1/catalog/nodes?node-meta=k:v&node-meta=k:w").body, "[]");
  EXPECT_EQ(get("/v1/catalog/services?node-meta=k:w").body, "{}");
  EXPECT_EQ(get("/v1/catalog/services?node-meta=k:v").body, R"({"s":[]})");
  EXPECT_FALSE(get("/v1/catalog/service/s?node-meta=k:v").body.contains("\"n1\""));
}

TEST_F(CatalogTest, trap_16_catalog_and_health_list_instances_in_one_order) {
  for (const char* node : {"N9", "n10", "m1"}) {
    for (const char* id : {"b", "A", "c"}) register_service(node, id, "web");
  }
  const std::string catalog = get("/v1/catalog/service/web").body;
  const std::string health = get("/v1/health/service/web").body;
  std::vector<std::string> by_catalog;
  std::vector<std::string> by_health;
  auto collect = [](const std::string& body, const std::string& name,
                    std::vector<std::string>& out) {
    for (std::size_t at = body.find(name); at != std::string::npos; at = body.find(name, at + 1)) {
      const std::size_t begin = at + name.size();
      out.push_back(body.substr(begin, body.find('"', begin) - begin));
    }
  };
  collect(catalog, R"("ServiceID":")", by_catalog);
  collect(health, R"("Service":{"ID":")", by_health);
  const std::vector<std::string> order = {"A", "b", "c", "A", "b", "c", "A", "b", "c"};
  EXPECT_EQ(by_catalog, order);
  EXPECT_EQ(by_health, order);
  EXPECT_LT(catalog.find("m1"), catalog.find("n10"));
  EXPECT_LT(catalog.find("n10"), catalog.find("N9"));
}

TEST_F(CatalogTest, trap_12_an_identical_registration_changes_nothing) {
  put("/v1/catalog/register", full_registration);
  const std::uint64_t before = get("/v1/catalog/service/redis").index();
  put("/v1/catalog/register", full_registration);
  EXPECT_EQ(get("/v1/catalog/service/redis").index(), before);
  EXPECT_EQ(get("/v1/catalog/nodes").index(), before);
}

TEST_F(CatalogTest, a_services_index_moves_with_what_concerns_it_only) {
  register_service("n1", "web", "web");
  const std::uint64_t before = get("/v1/catalog/service/web").index();
  register_service("n2", "db", "db");
  EXPECT_EQ(get("/v1/catalog/service/web").index(), before);
  EXPECT_GT(get("/v1/catalog/services").index(), before);
  put("/v1/catalog/register",
      R"({"Node":"n1","Address":"10.0.0.9","Check":{"CheckID":"disk","Name":"disk"}})");
  EXPECT_GT(get("/v1/catalog/service/web").index(), before) << "a node-level check concerns it";
}

TEST_F(CatalogTest, trap_15_an_unknown_service_has_the_index_of_the_last_extinction) {
  register_service("n1", "web", "web");
  register_service("n1", "db", "db");
  EXPECT_EQ(get("/v1/catalog/service/none").index(), 4u) << "never extinct: the largest table";
  put("/v1/catalog/deregister", R"({"Node":"n1","ServiceID":"web"})");
  register_service("n1", "x", "x");
  EXPECT_EQ(get("/v1/catalog/service/none").index(), 5u);
  EXPECT_EQ(get("/v1/health/service/web").index(), 5u);
}

TEST_F(CatalogTest, deregister_takes_a_service_a_check_or_the_node) {
  put("/v1/catalog/register", full_registration);
  EXPECT_EQ(refusal(put("/v1/catalog/deregister", R"({"Node":"foo","CheckID":"service:redis1"})")),
            "200 true");
  EXPECT_EQ(get("/v1/health/node/foo").body, "[]");
  EXPECT_EQ(refusal(put("/v1/catalog/deregister", R"({"Node":"foo","serviceid":"redis1"})")),
            "200 true");
  EXPECT_EQ(get("/v1/catalog/services").body, "{}");
  EXPECT_EQ(refusal(put("/v1/catalog/deregister", R"({"Node":"foo"})")), "200 true");
  EXPECT_EQ(get("/v1/catalog/node/foo").body, "null");
  EXPECT_EQ(refusal(put("/v1/catalog/deregister", R"({"Node":"foo"})")), "200 true")
      << "also when nothing matches";
}

TEST_F(CatalogTest, trap_23_lower_case_and_junk_members_are_accepted) {
  EXPECT_EQ(refusal(put("/v1/catalog/register",
                        R"({"node":"l","address":"a","service":{"id":"s","service":"s",)"
                        R"("enabletagoverride":true},"check":{"checkid":"c","name":"c",)"
                        R"("status":"passing","serviceid":"s"},"WriteRequest":{"Token":"t"}})")),
            "200 true");
  EXPECT_TRUE(get("/v1/catalog/service/s").body.contains(R"("ServiceEnableTagOverride":true)"));
  settings_->strict_json = true;
  EXPECT_EQ(refusal(put("/v1/catalog/register", R"({"Node":"l","Address":"a","Junk":1})")),
            "400 Request decode failed: json: unknown field \"Junk\"");
}

TEST_F(CatalogTest, refusals_have_consuls_status_and_text) {
  const struct {
    const char* target;
    const char* body;
    const char* answer;
  } cases[] = {
      {"register", R"({"Address":"a"})", "500 Must provide node"},
      {"register", R"({"Node":"x"})", "500 Must provide address if SkipNodeUpdate is not set"},
      {"register", R"({"Node":"x","Address":"a","ID":"nope"})",
       "500 Bad node ID: uuid string is wrong length"},
      {"register", R"({"Node":"x","Address":"a","Datacenter":"dc9"})", "500 No path to datacenter"},
      {"register", R"({"Node":"x","Address":"a","Service":{"ID":"s"}})",
       "500 Must provide service name with ID"},
      {"register", R"({"Node":"x","Address":"a","Service":{"Service":"s","Address":"0.0.0.0"}})",
       "500 Invalid service address"},
      {"register", R"({"Node":"x","Address":"a","Check":{"Node":"y","Name":"c"}})",
       "500 check node \"y\" does not match node \"x\""},
      {"register", R"({"Node":"x","Address":"a","Check":{"Name":"c","ServiceID":"none"}})",
       "500 Missing service registration"},
      {"register", R"({"Node":5})",
       "400 Request decode failed: json: cannot unmarshal number 5 into field Node of type "
       "string"},
      {"register", "", "400 Request decode failed: EOF"},
      {"register?dc=dc9", R"({"Node":"x","Address":"a"})", "500 No path to datacenter"},
      {"deregister", "{}", "500 Must provide node"},
      {"deregister", "x", "400 Request decode failed: invalid character 'x' at offset 0"},
      {"deregister", R"({"Node":"x","Datacenter":"dc9"})", "500 No path to datacenter"},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(refusal(put(std::string("/v1/catalog/") + one.target, one.body)), one.answer)
        << one.body;
  }
  EXPECT_EQ(refusal(get("/v1/catalog/service/")), "400 Missing service name");
  EXPECT_EQ(refusal(get("/v1/catalog/node/")), "400 Missing node name");
  EXPECT_EQ(refusal(get("/v1/catalog/node-services/")), "400 Missing node name");
}

TEST_F(CatalogTest, a_refused_registration_leaves_nothing_behind) {
  put("/v1/catalog/register", R"({"Node":"half","Address":"a","Service":{"Service":"s"},)"
                              R"("Check":{"Name":"c","ServiceID":"none"}})");
  EXPECT_EQ(get("/v1/catalog/node/half").body, "null");
  EXPECT_EQ(get("/v1/catalog/services").body, "{}");
}

TEST_F(CatalogTest, a_missing_service_id_is_the_services_name) {
  put("/v1/catalog/register", R"({"Node":"n1","Address":"10.0.0.1","Service":{"Service":"solo"}})");
  EXPECT_TRUE(get("/v1/catalog/service/solo").body.contains(R"("ServiceID":"solo")"));
}

}  // namespace
}  // namespace conclave::daemon
