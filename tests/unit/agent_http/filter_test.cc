// ?filter= on the agent's lists. Oracle: contract sections 10 and 6.3.

#include <gtest/gtest.h>

#include "tests/unit/agent_http/fixture.h"

namespace conclave::agent {
namespace {

class AgentFilter : public AgentHttp {
 protected:
  AgentFilter() {
    put_ok("/v1/agent/service/register",
           R"({"ID":"w1","Name":"web","Port":80,"Tags":["v1"],"Meta":{"env":"qa"}})");
    put_ok("/v1/agent/service/register", R"({"Name":"db","Check":{"TTL":"10s"}})");
    put_ok("/v1/agent/check/register", R"({"Name":"mem","TTL":"10s","Status":"passing"})");
    for (const char* name : {"n1", "n2"}) {
      api::Member row;
      row.name = name;
      row.status = 1;
      row.tags = {{"role", name == std::string_view("n1") ? "consul" : "node"}};
      host.known.push_back(std::move(row));
    }
  }

  Answer filtered(const std::string& path, const std::string& expression) {
    return get(path + (path.contains('?') ? "&filter=" : "?filter=") +
               api::percent_encode(expression));
  }
  /// The keys of the object, or the names of the elements of the list, that are answered.
  std::string found(const std::string& path, const std::string& expression) {
    const Answer answer = filtered(path, expression);
    EXPECT_EQ(answer.status, 200) << expression << ": " << answer.body;
    const auto json = api::parse_json(answer.body);
    std::string names;
    if (json->if_object() != nullptr) {
      for (const auto& [name, value] : *json->if_object()) names += name + " ";
    } else {
      for (const auto& one : *json->if_array()) names += *one.find("Name")->if_string() + " ";
    }
    return names;
  }
};

TEST_F(AgentFilter, lists_keep_what_the_expression_accepts) {
  const struct {
    const char* path;
    const char* expression;
    const char* found;
  } cases[] = {
      {"/v1/agent/services", "", "db w1 "},
      {"/v1/agent/services", "Service == web", "w1 "},
      {"/v1/agent/services", "v1 not in Tags", "db "},
      {"/v1/agent/services", "Meta.env == qa and Port == 80", "w1 "},
      {"/v1/agent/services", "Port == 81", ""},
      {"/v1/agent/checks", "Status == passing", "mem "},
      {"/v1/agent/checks", "ServiceName == db", "service:db "},
      {"/v1/agent/checks", "Type == ttl", "mem service:db "},
      {"/v1/agent/members", "Name == n2", "n2 "},
      {"/v1/agent/members", "Tags.role == consul", "n1 "},
      {"/v1/agent/members?wan=1", "Name contains dc1", "n1.dc1 "},
      {"/v1/agent/members", "Status == 4", ""},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(found(one.path, one.expression), one.found) << one.path << ' ' << one.expression;
  }
}

TEST_F(AgentFilter, nothing_left_keeps_the_shape_of_the_answer) {
  EXPECT_EQ(filtered("/v1/agent/services", "ID == x").body, "{}");
  EXPECT_EQ(filtered("/v1/agent/checks", "Name == x").body, "{}");
  EXPECT_EQ(filtered("/v1/agent/members", "Name == x").body, "[]");
}

TEST_F(AgentFilter, a_wrong_expression_is_500_in_the_words_of_the_contract) {
  for (const char* path : {"services", "checks", "members"}) {
    expect_error(filtered(std::string("/v1/agent/") + path, "Nope == x"), 500,
                 "Failed to create boolean expression evaluator: Selector \"Nope\" is not valid");
  }
}

}  // namespace
}  // namespace conclave::agent
