// ?filter= on every endpoint of the servers that has it. Oracle: contract section 10, and 8.2 and 9
// for what selectors address.
#include "api/http/target.h"
#include "tests/unit/daemon_http/server_fixture.h"

namespace conclave::daemon {
namespace {

class FilterTest : public ServerTest {
 protected:
  /// n1 has web-1 (v1, port 80) and db; n2, in rack r2, has web-2 (v2, port 81).
  FilterTest() {
    register_service("n1", "web-1", "web",
                     R"(,"Tags":["v1"],"Port":80,"Meta":{"env":"qa"},"Weights":{"Passing":9})");
    register_service("n1", "db", "db", R"(,"Tags":["primary"])");
    EXPECT_EQ(put("/v1/catalog/register",
                  R"({"Node":"n2","Address":"10.0.0.2","NodeMeta":{"rack":"r2"},)"
                  R"("Service":{"ID":"web-2","Service":"web","Tags":["v2"],"Port":81},)"
                  R"("Check":{"CheckID":"c2","Name":"c2","Status":"warning","ServiceID":"web-2"}})")
                  .body,
              "true");
  }

  static std::string with_filter(const std::string& path, const std::string& expression) {
    return path + (path.contains('?') ? "&filter=" : "?filter=") + api::percent_encode(expression);
  }
  Answer filtered(const std::string& path, const std::string& expression) {
    return get(with_filter(path, expression));
  }
};

/// What a body has of these names, in their order.
std::string names_in(const std::string& body, const std::vector<std::string>& names) {
  std::string found;
  for (const std::string& name : names) {
    if (body.contains('"' + name + '"')) found += (found.empty() ? "" : " ") + name;
  }
  return found;
}

struct Case {
  const char* path;
  const char* expression;
  const char* found;
};

TEST_F(FilterTest, every_endpoint_selects_by_the_fields_of_its_own_elements) {
  const std::vector<std::string> nodes = {"n1", "n2"};
  const std::vector<std::string> services = {"web-1", "web-2", "db", "web"};
  const std::vector<std::string> checks = {"serfHealth", "c2"};
  const struct {
    const std::vector<std::string>& names;
    Case one;
  } cases[] = {
      {nodes, {"/v1/catalog/nodes", "Node == n1", "n1"}},
      {nodes, {"/v1/catalog/nodes", "Meta.rack == r2", "n2"}},
      {nodes, {"/v1/catalog/nodes", "Meta is empty", "n1"}},
      {nodes, {"/v1/catalog/nodes?node-meta=rack:r2", "Node == n1", ""}},
      {services, {"/v1/catalog/services", "ServiceName == db", "db"}},
      {services, {"/v1/catalog/services", "v1 in ServiceTags", "web"}},
      {services, {"/v1/catalog/services", "NodeMeta.rack == r2", "web"}},
      {services, {"/v1/catalog/services", "ServicePort == 1", ""}},
      {services, {"/v1/catalog/service/web", "ServicePort == 81", "web-2 web"}},
      {services, {"/v1/catalog/service/web", "ServiceMeta.env == qa", "web-1 web"}},
      {services, {"/v1/catalog/service/web", "ServiceWeights.Passing != 9", "web-2 web"}},
      {services, {"/v1/catalog/service/web?tag=v1", "Node == n2", ""}},
      {services, {"/v1/catalog/node/n1", "v1 in Tags", "web-1 web"}},
      {services, {"/v1/catalog/node/n1", "Service == none", ""}},
      {services, {"/v1/catalog/node-services/n1", "Service == db", "db"}},
      {services, {"/v1/health/service/web", "Node.Meta.rack == r2", "web-2 web"}},
      {services, {"/v1/health/service/web", "Service.ID == \"web-1\"", "web-1 web"}},
      {services, {"/v1/health/service/web", "Checks.Status == warning", "web-2 web"}},
      {services, {"/v1/health/service/web", "not Checks.Status == warning", "web-1 web"}},
      {services, {"/v1/health/service/web?passing", "Checks.Status == warning", ""}},
      {checks, {"/v1/health/checks/web", "CheckID == c2", "c2"}},
      {checks, {"/v1/health/checks/web", "Status == passing", ""}},
      {checks, {"/v1/health/node/n1", "Name contains Serf", "serfHealth"}},
      {checks, {"/v1/health/state/any", "ServiceName == web", "c2"}},
      {checks, {"/v1/health/state/any", "Node matches `^n`", "serfHealth c2"}},
  };
  for (const auto& [names, one] : cases) {
    const Answer answer = filtered(one.path, one.expression);
    EXPECT_EQ(answer.status, 200) << one.path << ' ' << one.expression << ": " << answer.body;
    EXPECT_EQ(names_in(answer.body, names), one.found) << one.path << ' ' << one.expression;
  }
}

TEST_F(FilterTest, nothing_left_keeps_the_shape_of_the_answer) {
  EXPECT_EQ(filtered("/v1/catalog/nodes", "Node == x").body, "[]");
  EXPECT_EQ(filtered("/v1/catalog/services", "ServiceName == x").body, "{}");
  EXPECT_EQ(filtered("/v1/catalog/service/web", "Node == x").body, "[]");
  EXPECT_EQ(filtered("/v1/health/service/web", "Node.Node == x").body, "[]");
  EXPECT_EQ(filtered("/v1/health/state/any", "Node == x").body, "[]");
  EXPECT_TRUE(filtered("/v1/catalog/node/n1", "ID == x").body.ends_with(R"("Services":{}})"));
  EXPECT_TRUE(
      filtered("/v1/catalog/node-services/n1", "ID == x").body.ends_with(R"("Services":[]})"));
  EXPECT_EQ(filtered("/v1/catalog/node/none", "ID == x").body, "null");
}

TEST_F(FilterTest, a_wrong_expression_is_500_in_the_words_of_the_contract) {
  const std::string prefix = "500 Failed to create boolean expression evaluator: ";
  for (const char* path :
       {"/v1/catalog/nodes", "/v1/catalog/services", "/v1/catalog/service/web",
        "/v1/catalog/node/n1", "/v1/catalog/node-services/n1", "/v1/health/service/web",
        "/v1/health/checks/web", "/v1/health/node/n1", "/v1/health/state/any"}) {
    EXPECT_EQ(refusal(filtered(path, "Nope == x")), prefix + "Selector \"Nope\" is not valid")
        << path;
    EXPECT_EQ(refusal(filtered(path, "a == \"x")),
              prefix + "1:8 (7): rule \"string\": Unterminated string literal")
        << path;
  }
  EXPECT_EQ(refusal(filtered("/v1/catalog/service/web", "ServicePort matches x")),
            prefix + "Invalid match operator \"Matches\" for selector \"ServicePort\"");
  EXPECT_EQ(refusal(filtered("/v1/catalog/service/", "Nope == x")), "400 Missing service name");
}

TEST_F(FilterTest, an_expression_over_our_limits_is_400) {
  const std::string refused = refusal(filtered("/v1/catalog/nodes", std::string(8193, 'x')));
  EXPECT_TRUE(refused.starts_with("400 Failed to create boolean expression evaluator: "));
}

TEST_F(FilterTest, an_empty_expression_and_endpoints_without_filters_pass_everything) {
  EXPECT_EQ(get("/v1/catalog/nodes?filter=").body, get("/v1/catalog/nodes").body);
  for (const char* path : {"/v1/session/list", "/v1/catalog/datacenters", "/v1/status/leader"}) {
    EXPECT_EQ(filtered(path, "Nope").status, 200) << path;
  }
  put("/v1/kv/k", "1");
  EXPECT_EQ(filtered("/v1/kv/k", "Nope").status, 200);
}

TEST_F(FilterTest, the_index_is_that_of_the_unfiltered_answer) {
  const std::pair<const char*, const char*> nothing[] = {
      {"/v1/catalog/nodes", "Node == none"},
      {"/v1/catalog/services", "Node == none"},
      {"/v1/catalog/service/web", "Node == none"},
      {"/v1/catalog/node/n2", "Service == none"},
      {"/v1/catalog/node-services/n2", "Service == none"},
      {"/v1/health/service/web", "Node.Node == none"},
      {"/v1/health/checks/web", "Node == none"},
      {"/v1/health/node/n2", "Node == none"},
      {"/v1/health/state/any", "Node == none"},
  };
  for (const auto& [path, expression] : nothing) {
    EXPECT_EQ(filtered(path, expression).index(), get(path).index()) << path;
  }
}

TEST_F(FilterTest, a_blocking_query_wakes_as_often_as_without_a_filter) {
  const std::string path = "/v1/catalog/service/web";
  const std::uint64_t index = get(path).index();
  auto waiting =
      wait_for(with_filter(path, "Node == n2") + "&wait=1h&index=" + std::to_string(index));
  settle();
  EXPECT_FALSE(waiting->answer.has_value());
  // What changes is not what the filter keeps.
  register_service("n1", "web-3", "web");
  settle();
  ASSERT_TRUE(waiting->answer.has_value());
  EXPECT_GT(waiting->answer->index(), index);
  EXPECT_EQ(names_in(waiting->answer->body, {"web-1", "web-2", "web-3"}), "web-2");
}

TEST_F(FilterTest, a_filter_of_service_names_that_asks_about_nodes_wakes_with_them) {
  const std::string target = with_filter("/v1/catalog/services", "NodeMeta.rack == r3");
  const Answer before = get(target);
  EXPECT_EQ(before.body, "{}");
  auto waiting = wait_for(target + "&wait=1h&index=" + std::to_string(before.index()));
  settle();
  EXPECT_FALSE(waiting->answer.has_value());
  EXPECT_EQ(
      put("/v1/catalog/register", R"({"Node":"n2","Address":"10.0.0.2","NodeMeta":{"rack":"r3"}})")
          .body,
      "true");
  settle();
  ASSERT_TRUE(waiting->answer.has_value());
  EXPECT_EQ(waiting->answer->body, R"({"web":["v2"]})");
}

TEST_F(FilterTest, blocking_queries_with_different_filters_have_answers_of_their_own) {
  const std::string path = "/v1/catalog/service/web";
  const std::string later = "&wait=1h&index=" + std::to_string(get(path).index());
  auto all = wait_for(path + "?wait=1h&index=" + std::to_string(get(path).index()));
  auto first = wait_for(with_filter(path, "ServicePort == 80") + later);
  auto second = wait_for(with_filter(path, "ServicePort == 81") + later);
  auto second_again = wait_for(with_filter(path, "ServicePort == 81") + later);
  register_service("n1", "web-3", "web");
  settle();
  const std::vector<std::string> names = {"web-1", "web-2", "web-3"};
  ASSERT_TRUE(all->answer && first->answer && second->answer && second_again->answer);
  EXPECT_EQ(names_in(all->answer->body, names), "web-1 web-2 web-3");
  EXPECT_EQ(names_in(first->answer->body, names), "web-1");
  EXPECT_EQ(names_in(second->answer->body, names), "web-2");
  EXPECT_EQ(second_again->answer->body, second->answer->body);
}

}  // namespace
}  // namespace conclave::daemon
