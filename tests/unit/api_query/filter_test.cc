/// Filters on the structs that endpoints answer with. Oracle: contract 10 (selectors, operators of
/// each type, errors) and the evaluation of Consul's own library.

#include "api/query/filter.h"

#include <gtest/gtest.h>

#include "api/model/agent_member.h"

namespace conclave::api {
namespace {

template <class T>
std::string error_of(std::string_view text) {
  const auto filter = Filter<T>::parse(text);
  if (filter.has_value()) return "";
  constexpr std::string_view prefix = "Failed to create boolean expression evaluator: ";
  EXPECT_TRUE(filter.error().message.starts_with(prefix)) << filter.error().message;
  EXPECT_EQ(filter.error().code, ErrorCode::failed) << text;
  return filter.error().message.substr(prefix.size());
}

template <class T>
bool accepts(std::string_view text, const T& value) {
  const auto filter = Filter<T>::parse(text);
  EXPECT_TRUE(filter.has_value()) << text << ": " << filter.error().message;
  return filter.has_value() && filter->accepts(value);
}

NodeService web() {
  NodeService service;
  service.id = "web-1";
  service.service = "web";
  service.tags = {"v1", "primary"};
  service.address = "10.0.0.7";
  service.tagged_addresses = {{"lan", {.address = "10.0.0.7", .port = 80}}};
  service.meta = {{"env", "qa"}, {"a-b", "1.2.3"}, {"", "nameless"}};
  service.port = 8080;
  service.enable_tag_override = true;
  service.modify_index = 7;
  return service;
}

HealthCheck check(const char* id, const char* status, std::vector<std::string> tags = {}) {
  HealthCheck check;
  check.check_id = id;
  check.status = status;
  check.service_tags = std::move(tags);
  return check;
}

ServiceEntry entry() {
  ServiceEntry entry;
  entry.node.node = "n1";
  entry.node.meta = {{"rack", "r1"}};
  entry.service = web();
  entry.checks = {check("serfHealth", "passing"), check("mem", "warning", {"v1"})};
  return entry;
}

struct Truth {
  const char* text;
  bool holds;
};

TEST(Filter, every_operator_on_every_type_it_has) {
  const Truth cases[] = {
      // Texts.
      {"Service == web", true},
      {"Service == Web", false},
      {"Service != web", false},
      {"Service != db", true},
      {"we in Service", true},
      {"Service contains eb", true},
      {"x in Service", false},
      {"x not in Service", true},
      {"Service not contains eb", false},
      {"Service contains \"\"", true},
      {"Service matches \"^w.b$\"", true},
      {"Service matches e", true},
      {"Service matches `^e`", false},
      {"Service not matches `^e`", true},
      {"Kind == \"\"", true},
      // Numbers and booleans.
      {"Port == 8080", true},
      {"Port == \"8080\"", true},
      {"Port == \"0x1f90\"", true},
      {"Port != 8080", false},
      {"Port != 81", true},
      {"EnableTagOverride == true", true},
      {"EnableTagOverride == 1", true},
      {"EnableTagOverride != T", false},
      {"EnableTagOverride == false", false},
      {"Weights.Passing == 1", true},
      // Lists.
      {"v1 in Tags", true},
      {"v in Tags", false},
      {"Tags contains primary", true},
      {"v2 not in Tags", true},
      {"Tags not contains v1", false},
      {"Tags is empty", false},
      {"Tags is not empty", true},
      // Maps.
      {"env in Meta", true},
      {"qa in Meta", false},
      {"Meta contains `a-b`", true},
      {"Meta not contains x", true},
      {"Meta is empty", false},
      {"Meta is not empty", true},
      {"Meta.env == qa", true},
      {"Meta[\"a-b\"] == \"1.2.3\"", true},
      {"\"/Meta/a-b\" == \"1.2.3\"", true},
      {"Meta[\"\"] == nameless", true},
      {"Meta.env matches `^q`", true},
      {"TaggedAddresses is not empty", true},
      {"lan in TaggedAddresses", true},
      {"TaggedAddresses.lan.Address == \"10.0.0.7\"", true},
      {"TaggedAddresses.lan.Port == 80", true},
      {"TaggedAddresses[\"lan\"].Port != 80", false},
      // What Conclave does not keep.
      {"PeerName == \"\"", true},
      {"Connect.Native == false", true},
      {"Proxy.DestinationServiceName == \"\"", true},
      {"Proxy.MeshGateway.Mode == \"\" and Proxy.Upstreams is empty", true},
  };
  for (const Truth& one : cases) EXPECT_EQ(accepts(one.text, web()), one.holds) << one.text;
}

TEST(Filter, a_key_that_is_not_there_is_equal_to_nothing_and_empty) {
  const Truth cases[] = {
      {"Meta.x == \"\"", false},
      {"Meta.x != qa", true},
      {"a in Meta.x", false},
      {"a not in Meta.x", true},
      {"Meta.x matches `.*`", false},
      {"Meta.x not matches `.*`", true},
      {"TaggedAddresses.wan.Port == 0", false},
      {"TaggedAddresses.wan.Port != 0", true},
  };
  for (const Truth& one : cases) EXPECT_EQ(accepts(one.text, web()), one.holds) << one.text;
}

TEST(Filter, what_lies_behind_a_list_holds_if_it_does_for_any_element) {
  const Truth cases[] = {
      {"Checks.Status == passing", true},
      {"Checks.Status == critical", false},
      {"Checks.Status != passing", true},
      {"not Checks.Status == passing", false},
      {"not Checks.Status == critical", true},
      {"v1 in Checks.ServiceTags", true},
      {"v1 not in Checks.ServiceTags", true},
      {"Checks.ServiceTags is empty", true},
      {"Checks.CheckID matches `^serf`", true},
      {"Checks is empty", false},
      {"Node.Meta.rack == r1 and Service.Meta.env == qa and v1 in Service.Tags", true},
      {"Node.Node == n2 or Service.Port == 8080", true},
  };
  for (const Truth& one : cases) EXPECT_EQ(accepts(one.text, entry()), one.holds) << one.text;
  ServiceEntry bare = entry();
  bare.checks.clear();
  EXPECT_FALSE(accepts("Checks.Status != passing", bare));
  EXPECT_TRUE(accepts("Checks is empty", bare));
}

TEST(Filter, selectors_are_those_of_the_struct) {
  for (const char* name : {"Node", "CheckID", "Name", "Status", "Notes", "Output", "ServiceID",
                           "ServiceName", "Type"}) {
    EXPECT_EQ(error_of<HealthCheck>(std::string(name) + " == x"), "") << name;
  }
  EXPECT_EQ(error_of<HealthCheck>("ServiceTags contains x"), "");
  for (const char* name :
       {"ID", "Node", "Address", "Datacenter", "TaggedAddresses.lan", "NodeMeta.a", "ServiceKind",
        "ServiceID", "ServiceName", "ServiceAddress", "ServiceMeta.a",
        "ServiceTaggedAddresses.a.Address", "ServiceProxy.DestinationServiceID"}) {
    EXPECT_EQ(error_of<ServiceNode>(std::string(name) + " == x"), "") << name;
  }
  for (const char* name :
       {"ServicePort", "ServiceWeights.Passing", "ServiceWeights.Warning",
        "ServiceEnableTagOverride", "ServiceConnect.Native", "ServiceTaggedAddresses.a.Port"}) {
    EXPECT_EQ(error_of<ServiceNode>(std::string(name) + " == 1"), "") << name;
  }
  EXPECT_EQ(error_of<AgentMember>("Tags.role == consul and Status == 1 and Name matches n"), "");
  EXPECT_EQ(error_of<AgentService>("Service == web and Connect.Native == false"), "");
  EXPECT_EQ(error_of<Node>("PeerName == \"\" and TaggedAddresses.lan != x"), "");
}

TEST(Filter, unknown_selectors_are_named_up_to_where_they_end) {
  const std::pair<const char*, const char*> cases[] = {
      {"Nope == x", "Selector \"Nope\" is not valid"},
      {"service == x", "Selector \"service\" is not valid"},
      {"Weights.Nope.More == x", "Selector \"Weights.Nope\" is not valid"},
      {"Service.More == x", "Selector \"Service.More\" is not valid"},
      {"Tags.x == y", "Selector \"Tags.x\" is not valid"},
      {"Meta.a.b == y", "Selector \"Meta.a.b\" is not valid"},
      {"Meta[`a\"`].b == y", "Selector \"Meta.a\\\".b\" is not valid"},
      {"ModifyIndex == 7", "Selector \"ModifyIndex\" is not valid"},
      {"CreateIndex == 7", "Selector \"CreateIndex\" is not valid"},
      {"Service == web and Nope == x", "Selector \"Nope\" is not valid"},
  };
  for (const auto& [text, error] : cases) EXPECT_EQ(error_of<NodeService>(text), error) << text;
  EXPECT_EQ(error_of<AgentService>("ContentHash == x"), "Selector \"ContentHash\" is not valid");
  EXPECT_EQ(error_of<HealthCheck>("Definition.HTTP == x"), "Selector \"Definition\" is not valid");
  EXPECT_EQ(error_of<ServiceEntry>("Checks.Nope == x"), "Selector \"Checks.Nope\" is not valid");
}

/// What each type cannot do, as operator and right-hand side.
TEST(Filter, operators_that_a_type_lacks_are_refused_by_name) {
  const std::pair<const char*, const char*> operators[] = {
      {" == 1", "Equal"},        {" != 1", "Not Equal"},
      {" contains 1", "In"},     {" not contains 1", "Not In"},
      {" is empty", "Is Empty"}, {" is not empty", "Is Not Empty"},
      {" matches 1", "Matches"}, {" not matches 1", "Not Matches"},
  };
  const std::pair<const char*, const char*> types[] = {
      // Selector, the operators it has by the number above.
      {"Service.Service", "012367"},
      {"Service.Port", "01"},
      {"Service.EnableTagOverride", "01"},
      {"Service.Tags", "2345"},
      {"Service.Meta", "2345"},
      {"Service.Meta.a", "012367"},
      {"Service.TaggedAddresses", "2345"},
      {"Service.TaggedAddresses.lan", ""},
      {"Service.Weights", ""},
      {"Node", ""},
      {"Checks", "45"},
      {"Checks.Status", "012367"},
      {"Checks.ServiceTags", "2345"},
  };
  for (const auto& [selector, allowed] : types) {
    for (std::size_t i = 0; i < std::size(operators); ++i) {
      const bool known = std::string_view(allowed).contains(static_cast<char>('0' + i));
      const std::string refusal = std::string("Invalid match operator \"") + operators[i].second +
                                  "\" for selector \"" + selector + "\"";
      EXPECT_EQ(error_of<ServiceEntry>(std::string(selector) + operators[i].first),
                known ? "" : refusal);
    }
  }
}

TEST(Filter, values_that_are_not_of_the_type_are_refused_in_gos_words) {
  EXPECT_EQ(error_of<NodeService>("Port == http"),
            "Failed to coerce value \"http\" for selector \"Port\": strconv.ParseInt: parsing "
            "\"http\": invalid syntax");
  EXPECT_EQ(error_of<NodeService>("EnableTagOverride == yes"),
            "Failed to coerce value \"yes\" for selector \"EnableTagOverride\": "
            "strconv.ParseBool: parsing \"yes\": invalid syntax");
  EXPECT_EQ(error_of<AgentMember>("Status == -1"),
            "Failed to coerce value \"-1\" for selector \"Status\": strconv.ParseUint: parsing "
            "\"-1\": invalid syntax");
}

TEST(Filter, patterns_that_do_not_compile_are_refused) {
  EXPECT_TRUE(
      error_of<NodeService>("Service matches `(`")
          .starts_with("Failed to compile regular expression \"(\": error parsing regexp: "));
  // Neither back references nor look-around, as in Go; and no program larger than its budget.
  for (const char* pattern : {"(a)\\1", "(?=a)", "((a{100}){100}){100}", "(\\pL{500}){2}"}) {
    EXPECT_NE(error_of<NodeService>(std::string("Service matches `") + pattern + "`"), "")
        << pattern;
  }
}

TEST(Filter, the_number_of_patterns_is_bounded) {
  std::string text = "Service matches a";
  for (std::size_t i = 1; i < filter_regexes_max; ++i) text += " or Service matches a";
  EXPECT_TRUE(Filter<NodeService>::parse(text).has_value());
  const auto more = Filter<NodeService>::parse(text + " or Service matches a");
  ASSERT_FALSE(more.has_value());
  EXPECT_EQ(more.error(), (Error{ErrorCode::bad_request,
                                 "Failed to create boolean expression evaluator: 17 regular "
                                 "expressions are more than the 16 allowed"}));
}

TEST(Filter, an_expensive_pattern_takes_linear_time) {
  NodeService service = web();
  service.service = std::string(100'000, 'a') + "!";
  EXPECT_FALSE(accepts("Service matches `^(a|aa|a*)*$`", service));
}

TEST(Filter, an_empty_one_accepts_everything) {
  const auto filter = Filter<NodeService>::parse("");
  ASSERT_TRUE(filter.has_value());
  EXPECT_TRUE(filter->accepts_all());
  EXPECT_TRUE(filter->accepts(web()));
}

TEST(Filter, lists_and_maps_keep_what_is_accepted_in_order) {
  const auto filter = Filter<HealthCheck>::parse("Status != passing");
  std::vector<HealthCheck> list = {check("a", "passing"), check("b", "warning"),
                                   check("c", "critical")};
  filter->keep_accepted(list);
  EXPECT_EQ(list, (std::vector{check("b", "warning"), check("c", "critical")}));
  std::map<std::string, HealthCheck> map = {{"a", check("a", "passing")},
                                            {"b", check("b", "warning")}};
  filter->keep_accepted(map);
  EXPECT_EQ(map.size(), 1u);
  EXPECT_TRUE(map.contains("b"));
}

}  // namespace
}  // namespace conclave::api
