// What agents are told for their DNS, and when they are told again. Oracle: contract 15.1, 2.2; the
// limits of agent/dns/part.h.

#include "daemon/dns/dns_routes.h"

#include "agent/dns/finding_record.h"
#include "api/rpc/forwarded.h"
#include "tests/unit/daemon_http/server_fixture.h"

namespace conclave::daemon {
namespace {

class DnsRoutes : public ServerTest {
 protected:
  DnsRoutes() { add_dns_routes(router(), context()); }

  static dns::Finding finding_of(const Answer& answer) {
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(answer.content_type, "application/octet-stream");
    auto finding = dns::decode_finding(answer.body);
    EXPECT_TRUE(finding.has_value());
    return finding ? std::move(*finding) : dns::Finding();
  }
  static std::string nodes_of(const dns::Finding& finding) {
    const auto* service = std::get_if<dns::ServiceFinding>(&finding.what);
    std::string nodes;
    if (service == nullptr) return nodes;
    for (const dns::Instance& instance : service->instances) nodes += instance.node + " ";
    return nodes;
  }
  std::string ask(const std::string& what) {
    return nodes_of(finding_of(get("/v1/internal/dns/" + what)));
  }
  std::shared_ptr<Waiting> wait_from_now(const std::string& what) {
    const std::string target = "/v1/internal/dns/" + what;
    return wait_for(target + "?index=" + std::to_string(get(target).index()));
  }
  std::string come(const std::shared_ptr<Waiting>& waiting) {
    settle();
    return waiting->answer ? nodes_of(finding_of(*waiting->answer)) : "it waits";
  }
  void create_query(const std::string& body) {
    EXPECT_EQ(call(api::Method::post, "/v1/query", body).status, 200);
  }
};

TEST_F(DnsRoutes, a_service_is_told_and_its_changes) {
  register_service("n1", "web", "Web");
  EXPECT_EQ(ask("service/web"), "n1 ");
  EXPECT_EQ(ask("service/WEB"), "n1 ");
  const auto waiting = wait_from_now("service/web");
  register_service("n2", "db", "db");
  EXPECT_EQ(come(waiting), "it waits");
  register_service("n2", "web", "web");
  EXPECT_EQ(come(waiting), "n1 n2 ");
  EXPECT_EQ(waiting->answer->index(), finding_of(*waiting->answer).revision);
}

TEST_F(DnsRoutes, that_there_is_nothing_is_an_answer) {
  EXPECT_TRUE(finding_of(get("/v1/internal/dns/service/none")).is_nothing());
  EXPECT_TRUE(finding_of(get("/v1/internal/dns/node/none")).is_nothing());
  EXPECT_TRUE(finding_of(get("/v1/internal/dns/query/none")).is_nothing());
  EXPECT_TRUE(finding_of(get("/v1/internal/dns/owner/10.9.9.9")).is_nothing());
  register_service("n1", "web", "web");
  const auto gone = wait_from_now("service/web");
  put("/v1/catalog/deregister", R"({"Node":"n1","ServiceID":"web"})");
  EXPECT_EQ(come(gone), "");
  const auto back = wait_from_now("service/web");
  register_service("n1", "web", "web");
  EXPECT_EQ(come(back), "n1 ");
}

TEST_F(DnsRoutes, nodes_and_owners_are_told) {
  const dns::Finding node = finding_of(get("/v1/internal/dns/node/N1"));
  EXPECT_EQ(std::get<dns::NodeFinding>(node.what).address, "10.0.0.1");
  const dns::Finding owner = finding_of(get("/v1/internal/dns/owner/10.0.0.1"));
  EXPECT_EQ(std::get<dns::OwnerFinding>(owner.what).node, "n1");
  const auto waiting = wait_from_now("node/n1");
  put("/v1/catalog/register", R"({"Node":"n1","Address":"10.0.0.7"})");
  settle();
  ASSERT_TRUE(waiting->answer.has_value());
  EXPECT_EQ(std::get<dns::NodeFinding>(finding_of(*waiting->answer).what).address, "10.0.0.7");
}

TEST_F(DnsRoutes, a_prepared_query_is_told_again_when_anything_of_it_changes) {
  register_service("n1", "web", "web");
  register_service("n2", "db", "db");
  create_query(R"({"Name":"fast","Service":{"Service":"web"}})");
  EXPECT_EQ(ask("query/fast"), "n1 ");
  auto waiting = wait_from_now("query/fast");
  register_service("n3", "db", "db");
  EXPECT_EQ(come(waiting), "it waits");
  register_service("n1", "web", "web", R"(,"Port":81)");
  EXPECT_EQ(come(waiting), "n1 ");
  waiting = wait_from_now("query/fast");
  const std::string list = get("/v1/query").body;
  const std::string id = list.substr(list.find("\"ID\":\"") + 6, 36);
  put("/v1/query/" + id, R"({"Name":"fast","Service":{"Service":"db","Tags":["none"]}})");
  EXPECT_EQ(come(waiting), "");
  waiting = wait_from_now("query/fast");
  put("/v1/query/" + id, R"({"Name":"fast","Service":{"Service":"none"}})");
  EXPECT_EQ(come(waiting), "");
}

TEST_F(DnsRoutes, near_the_asking_agent_is_near_that_agent) {
  for (const char* node : {"n1", "n2", "n3"}) register_service(node, "web", "web");
  create_query(R"({"Name":"near","Service":{"Service":"web","Near":"_agent"}})");
  for (const std::string node : {"n1", "n2", "n3"}) {
    const Answer answer = call(api::Method::get, "/v1/internal/dns/query/near", {},
                               {{std::string(api::asked_node_header), node}});
    EXPECT_TRUE(nodes_of(finding_of(answer)).starts_with(node + " "));
  }
  // Blocked, they do not share an answer.
  const std::string target = "/v1/internal/dns/query/near?index=" +
                             std::to_string(get("/v1/internal/dns/query/near").index());
  std::vector<std::unique_ptr<api::Parked>> parked;
  std::map<std::string, std::string> nearest;
  for (const std::string node : {"n2", "n3"}) {
    api::Response response =
        respond(api::Method::get, target, {}, {{std::string(api::asked_node_header), node}});
    ASSERT_NE(response.parked, nullptr);
    response.parked->start([&nearest, node](api::Response late) {
      nearest[node] = nodes_of(finding_of(flatten(std::move(late)))).substr(0, 2);
    });
    parked.push_back(std::move(response.parked));
  }
  register_service("n1", "web", "web", R"(,"Port":81)");
  settle();
  EXPECT_EQ(nearest, (std::map<std::string, std::string>{{"n2", "n2"}, {"n3", "n3"}}));
}

TEST_F(DnsRoutes, of_very_many_instances_a_part_is_told) {
  constexpr int instances = 2'000;
  for (int n = 0; n < instances; ++n) {
    register_service("m" + std::to_string(n), "web", "web");
  }
  const auto first = finding_of(get_large("/v1/internal/dns/service/web"));
  const auto other = finding_of(get_large("/v1/internal/dns/service/web?part=16"));
  const auto& found = std::get<dns::ServiceFinding>(first.what);
  EXPECT_EQ(found.instances.size(), 1'024u);
  EXPECT_TRUE(found.is_part);
  EXPECT_NE(nodes_of(first), nodes_of(other));
  for (const char* bad : {"32", "x", "-1"}) {
    EXPECT_EQ(get(std::string("/v1/internal/dns/service/web?part=") + bad).status, 400) << bad;
  }
}

}  // namespace
}  // namespace conclave::daemon
