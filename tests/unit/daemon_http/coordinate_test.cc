// Oracle: contract sections 12 (coordinates) and 9 (near); the calls are those of the official Go
// client's TestAPI_Coordinate*.
#include "tests/unit/daemon_http/server_fixture.h"

namespace conclave::daemon {
namespace {

class CoordinateTest : public ServerTest {
 protected:
  CoordinateTest() { settings_->coordinate_update_period = {}; }

  Answer update(const std::string& node, const std::string& vec,
                const std::string& rest = R"(,"Error":1.5,"Adjustment":0,"Height":0.5)") {
    return put("/v1/coordinate/update",
               R"({"Node":")" + node + R"(","Coord":{"Vec":)" + vec + rest + "}}");
  }
  void place(const std::string& node, int x) {
    EXPECT_EQ(refusal(update(node, "[" + std::to_string(x) + ",0,0,0,0,0,0,0]")), "200 ");
  }
  void add_node(const std::string& node) {
    put("/v1/catalog/register",
        R"({"Node":")" + node + R"(","Address":"10.1.0.)" + node.substr(1) + "\"}");
  }
  /// Names of nodes in the order of an answer.
  static std::string order(const Answer& answer, std::string_view member = "\"Node\":\"") {
    std::string names;
    for (std::size_t at = 0; (at = answer.body.find(member, at)) != std::string::npos;) {
      at += member.size();
      const std::string name = answer.body.substr(at, answer.body.find('"', at) - at);
      if (!names.ends_with(name)) names += (names.empty() ? "" : " ") + name;
    }
    return names;
  }
};

TEST_F(CoordinateTest, an_update_is_shown_as_it_was_sent) {
  EXPECT_EQ(get("/v1/coordinate/nodes").body, "[]");
  EXPECT_EQ(refusal(get("/v1/coordinate/node/n1")), "404 ");
  const Answer sent = update("N1", "[0.5,0,0,0,0,0,0,1e-05]");
  EXPECT_EQ(refusal(sent), "200 ");
  const Answer one = get("/v1/coordinate/node/n1");
  EXPECT_EQ(one.body, R"([{"Node":"n1","Segment":"","Coord":{"Vec":[0.5,0,0,0,0,0,0,1e-05],)"
                      R"("Error":1.5,"Adjustment":0,"Height":0.5}}])");
  const Answer all = get("/v1/coordinate/nodes");
  EXPECT_EQ(all.body, one.body);
  EXPECT_EQ(all.index(), stored_revision(rows_));
  EXPECT_EQ(get("/v1/coordinate/nodes?segment=").body, one.body);
  EXPECT_EQ(get("/v1/coordinate/nodes?segment=x").body, "[]");
}

TEST_F(CoordinateTest, updates_are_gathered_and_the_last_one_of_a_node_counts) {
  settings_->coordinate_update_period = std::chrono::hours(1);
  place("n1", 1);
  place("N1", 2);
  EXPECT_EQ(get("/v1/coordinate/nodes").body, "[]");
  EXPECT_EQ(replica_.proposals, 0u);
}

TEST_F(CoordinateTest, there_is_a_limit_to_what_is_gathered) {
  settings_->coordinate_update_period = std::chrono::hours(1);
  for (std::size_t i = 0; i < coordinate_updates_max; ++i) place("n" + std::to_string(i), 1);
  EXPECT_EQ(refusal(update("x", "[0,0,0,0,0,0,0,0]")), "429 too many coordinate updates at once");
  place("n7", 2);
}

TEST_F(CoordinateTest, what_is_no_coordinate_is_refused) {
  EXPECT_EQ(refusal(update("n1", "[1,2]")), "500 incompatible coordinate");
  EXPECT_EQ(refusal(put("/v1/coordinate/update", R"({"Node":"n1"})")),
            "500 incompatible coordinate");
  EXPECT_EQ(refusal(update("", "[0,0,0,0,0,0,0,0]")), "500 Must provide node");
  EXPECT_EQ(refusal(put("/v1/coordinate/update", R"({"Node":"n1","Segment":"s","Coord":{}})")),
            "500 Network segments are a Consul Enterprise feature");
  EXPECT_EQ(refusal(put("/v1/coordinate/update", R"({"Node":"n1","Datacenter":"dc9"})")),
            "500 No path to datacenter");
  EXPECT_TRUE(refusal(put("/v1/coordinate/update", "{")).starts_with("400 Request decode failed"));
}

TEST_F(CoordinateTest, lists_wait_for_coordinates_and_nothing_else) {
  place("n1", 1);
  const std::string index = "?index=" + std::to_string(get("/v1/coordinate/nodes").index());
  auto all = wait_for("/v1/coordinate/nodes" + index);
  auto none = wait_for("/v1/coordinate/node/n2?index=" + std::to_string(stored_revision(rows_)));
  put("/v1/kv/unrelated", "x");
  place("n1", 1);
  settle();
  EXPECT_FALSE(all->answer);
  place("n1", 2);
  settle();
  EXPECT_TRUE(all->answer);
  EXPECT_FALSE(none->answer);
  add_node("n2");
  place("n2", 2);
  settle();
  ASSERT_TRUE(none->answer);
  EXPECT_EQ(none->answer->status, 200);
}

TEST_F(CoordinateTest, the_servers_are_shown_as_the_datacenter) {
  EXPECT_EQ(get("/v1/coordinate/datacenters").body,
            R"([{"Datacenter":"dc1","AreaID":"WAN","Coordinates":[)"
            R"({"Node":"n1.dc1","Segment":"","Coord":{"Vec":[0,0,0,0,0,0,0,0],"Error":1.5,)"
            R"("Adjustment":0,"Height":1e-05}},)"
            R"({"Node":"n2.dc1","Segment":"","Coord":{"Vec":[0,0,0,0,0,0,0,0],"Error":1.5,)"
            R"("Adjustment":0,"Height":1e-05}}]}])");
}

TEST_F(CoordinateTest, near_sorts_the_lists_of_catalog_and_health) {
  for (const char* node : {"n2", "n3", "n4"}) add_node(node);
  for (const char* node : {"n1", "n2", "n3", "n4"}) {
    put("/v1/catalog/register", std::string(R"({"Node":")") + node +
                                    R"(","SkipNodeUpdate":true,"Service":{"Service":"web"},)"
                                    R"("Check":{"CheckID":"c","ServiceID":"web"}})");
  }
  place("n1", 10);
  place("n2", 0);
  place("n4", 7);
  const std::string by_name = "n1 n2 n3 n4";
  for (const std::string& target :
       {std::string("/v1/catalog/nodes"), std::string("/v1/catalog/service/web"),
        std::string("/v1/health/service/web"), std::string("/v1/health/checks/web"),
        std::string("/v1/health/state/critical")}) {
    EXPECT_EQ(order(get(target)), by_name) << target;
    EXPECT_EQ(order(get(target + "?near=n2")), "n2 n4 n1 n3") << target;
    EXPECT_EQ(order(get(target + "?near=_agent")), "n1 n4 n2 n3") << target;
    EXPECT_EQ(order(get(target + "?near=n3")), by_name) << target << ": it has no coordinate";
    EXPECT_EQ(order(get(target + "?near=nobody")), by_name) << target;
    EXPECT_EQ(order(get(target + "?near=_ip")), by_name) << target << ": no node has the address";
    const Answer by_address = call(api::Method::get, target + "?near=_ip", "",
                                   {{"x-forwarded-for", "10.1.0.2, 192.168.0.1"}});
    EXPECT_EQ(order(by_address), "n2 n4 n1 n3") << target;
  }
}

}  // namespace
}  // namespace conclave::daemon
