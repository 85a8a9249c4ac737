// Oracle: contract sections 0, 3 (KV entry), 5.2 (session), 8.2 to 8.4 (catalog objects).
#include "api/codec/writer.h"

#include <gtest/gtest.h>

#include "api/model/catalog.h"
#include "api/model/kv.h"

namespace conclave::api {
namespace {

TEST(WriteJson, trap_4_and_5_kv_value_is_null_when_empty_and_session_absent_when_unlocked) {
  EXPECT_EQ(to_json(KvEntry{.key = "a"}),
            R"({"LockIndex":0,"Key":"a","Flags":0,"Value":null,"CreateIndex":0,"ModifyIndex":0})");
}

TEST(WriteJson, trap_1_kv_flags_are_exact_uint64) {
  EXPECT_EQ(to_json(KvEntry{.lock_index = 1,
                            .key = "a/b",
                            .flags = 16210313421097356768u,
                            .value = {"hello"},
                            .session = "s",
                            .create_index = 2,
                            .modify_index = 3,
                            .fence = 9}),
            R"({"LockIndex":1,"Key":"a/b","Flags":16210313421097356768,"Value":"aGVsbG8=",)"
            R"("Session":"s","CreateIndex":2,"ModifyIndex":3})");
}

TEST(WriteJson, session_has_consuls_members) {
  EXPECT_EQ(to_json(Session{.id = "i",
                            .name = "",
                            .node = "n",
                            .lock_delay = std::chrono::seconds(15),
                            .behavior = "release",
                            .ttl = "15s",
                            .node_checks = {"serfHealth"},
                            .create_index = 4,
                            .modify_index = 4}),
            R"({"ID":"i","Name":"","Node":"n","LockDelay":15000000000,"Behavior":"release",)"
            R"("TTL":"15s","NodeChecks":["serfHealth"],"ServiceChecks":null,"CreateIndex":4,)"
            R"("ModifyIndex":4})");
}

TEST(WriteJson, node_service_keeps_proxy_and_connect_as_objects) {
  EXPECT_EQ(to_json(NodeService{.id = "w1", .service = "web", .port = 80}),
            R"({"ID":"w1","Service":"web","Tags":[],"Address":"","Meta":{},"Port":80,)"
            R"("Weights":{"Passing":1,"Warning":1},"EnableTagOverride":false,)"
            R"("Proxy":{"Mode":"","MeshGateway":{},"Expose":{}},"Connect":{},"PeerName":"",)"
            R"("CreateIndex":0,"ModifyIndex":0,"Locality":null})");
}

TEST(WriteJson, external_node_has_null_maps) {
  EXPECT_EQ(to_json(Node{.node = "n", .address = "1.2.3.4", .datacenter = "dc1"}),
            R"({"ID":"","Node":"n","Address":"1.2.3.4","Datacenter":"dc1","TaggedAddresses":null,)"
            R"("Meta":null,"CreateIndex":0,"ModifyIndex":0})");
}

TEST(WriteJson, check_definition_leaves_out_what_is_empty) {
  HealthCheck check{.node = "n", .check_id = "c", .name = "C", .status = "passing"};
  EXPECT_TRUE(to_json(check).contains(R"("ServiceTags":[],"Type":"")"));
  EXPECT_TRUE(to_json(check).contains(R"("Definition":{},"CreateIndex":0)"));
  check.definition.interval = "10s";
  check.definition.tls_skip_verify = true;
  EXPECT_TRUE(to_json(check).contains(R"("Definition":{"TLSSkipVerify":true,"Interval":"10s"})"));
}

TEST(WriteJson, strings_are_escaped_as_go_escapes_them) {
  EXPECT_EQ(to_json(std::string("a\"\\\n\t\r\b\f\x01<>&/")),
            R"("a\"\\\n\t\r\b\f\u0001\u003c\u003e\u0026/")");
  EXPECT_EQ(to_json(std::string("\xc3\xa9 \xf0\x9f\x98\x80 \xe2\x80\xa8")),
            "\"\xc3\xa9 \xf0\x9f\x98\x80 \\u2028\"");
}

TEST(WriteJson, bytes_that_are_not_utf8_are_replaced) {
  for (const char* bad : {"\xff", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80"}) {
    const std::string json = to_json(std::string("a") + bad + "z");
    EXPECT_TRUE(json.starts_with("\"a\\ufffd")) << json;
    EXPECT_TRUE(json.ends_with("z\"")) << json;
  }
  EXPECT_EQ(to_json(std::string("\xe2\x82")), R"("\ufffd\ufffd")");
}

TEST(WriteJson, maps_are_sorted_and_optionals_may_be_null) {
  EXPECT_EQ(to_json(StringMap{{"b", "2"}, {"a", "1"}}), R"({"a":"1","b":"2"})");
  EXPECT_EQ(to_json(std::optional<Weights>{}), "null");
  EXPECT_EQ(to_json(std::optional<Weights>{Weights{2, 3}}), R"({"Passing":2,"Warning":3})");
  EXPECT_EQ(to_json(std::vector<double>{0.5, 15, 1e300}), "[0.5,15,1e+300]");
}

TEST(JsonObject, writes_members_in_order_of_adding) {
  std::string out;
  JsonObject object(out);
  object.add("ID", std::string("x")).add_raw("Errors", "null").add("N", std::int64_t{-1});
  object.end();
  EXPECT_EQ(out, R"({"ID":"x","Errors":null,"N":-1})");
}

}  // namespace
}  // namespace conclave::api
