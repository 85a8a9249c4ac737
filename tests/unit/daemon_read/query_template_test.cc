// Oracle: contract section 13 (templates) and Consul's documentation of prepared query templates.
#include "daemon/read/query_template.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace conclave::daemon {
namespace {

api::PreparedQuery make_template(std::string name, std::string service, std::string regexp = "") {
  return {.name = std::move(name),
          .query_template = {.type = "name_prefix_match", .regexp = std::move(regexp)},
          .service = {.service = std::move(service)}};
}

TEST(QueryTemplate, texts_are_filled_in_from_the_name) {
  struct Case {
    const char* name;
    const char* regexp;
    const char* text;
    const char* asked;
    const char* expected;
  };
  const Case cases[] = {
      {"geo-", "", "${name.full}", "geo-db", "geo-db"},
      {"geo-", "", "${name.prefix}", "geo-db", "geo-"},
      {"geo-", "", "x-${name.suffix}-y", "geo-db", "x-db-y"},
      {"GEO-", "", "${name.suffix}", "geo-db", "db"},
      {"", "", "${name.suffix}", "anything", "anything"},
      {"geo-", "", "${ name.suffix }", "geo-db", "db"},
      {"geo-", "", "${agent.segment}web", "geo-db", "web"},
      {"geo-", "^geo-(.*?)-([^-]+)$", "${match(1)}/${match(2)}", "geo-db-master", "db/master"},
      {"geo-", "^geo-(.*?)-([^-]+)$", "${match(0)}", "geo-db-master", "geo-db-master"},
      {"geo-", "^geo-(.*)$", "web${match(7)}", "geo-x", "web"},
      {"geo-", "^geo-(.*)$", "web${match(-1)}", "geo-x", "web"},
      {"geo-", "^no(.*)$", "web${match(1)}", "geo-x", "web"},
      {"geo-", "", "web${match( 1 )}", "geo-x", "web"},
      {"geo-", "", "$${name.full}", "geo-x", "${name.full}"},
      {"geo-", "", "a$b{c}", "geo-x", "a$b{c}"},
  };
  for (const Case& c : cases) {
    const auto query = make_template(c.name, c.text, c.regexp);
    EXPECT_TRUE(check_query_template(query).has_value()) << c.text;
    const auto rendered = render_query(query, c.asked);
    ASSERT_TRUE(rendered.has_value()) << c.text;
    EXPECT_EQ(rendered->service.service, c.expected) << c.text;
    EXPECT_EQ(rendered->name, c.name);
  }
}

TEST(QueryTemplate, every_text_of_the_service_is_filled_in) {
  const std::string text = "${name.suffix}";
  api::PreparedQuery query = make_template("p-", text);
  query.service.failover.datacenters = {text};
  query.service.failover.targets = {{.peer = text, .datacenter = text}};
  query.service.ignore_check_ids = {text};
  query.service.near = text;
  query.service.tags = {text, "!" + text};
  query.service.node_meta = {{text, text}};
  query.service.service_meta = {{"k", text}};
  const api::ServiceQuery service = render_query(query, "p-x")->service;
  EXPECT_EQ(service.failover.datacenters[0], "x");
  EXPECT_EQ(service.failover.targets[0].peer, "x");
  EXPECT_EQ(service.failover.targets[0].datacenter, "x");
  EXPECT_EQ(service.ignore_check_ids[0], "x");
  EXPECT_EQ(service.near, "x");
  EXPECT_EQ(service.tags, (std::vector<std::string>{"x", "!x"}));
  EXPECT_EQ(service.node_meta.at(text), "x") << "names stay";
  EXPECT_EQ(service.service_meta.at("k"), "x");
}

TEST(QueryTemplate, empty_tags_stay_unless_they_are_not_wanted) {
  api::PreparedQuery query = make_template("p", "web", "^p-(.*)$");
  query.service.tags = {"a", "${match(1)}"};
  EXPECT_EQ(render_query(query, "p")->service.tags.size(), 2u);
  query.query_template.remove_empty_tags = true;
  EXPECT_EQ(render_query(query, "p")->service.tags, (std::vector<std::string>{"a"}));
  EXPECT_EQ(render_query(query, "p-b")->service.tags, (std::vector<std::string>{"a", "b"}));
}

TEST(QueryTemplate, what_cannot_be_filled_in_is_refused) {
  const auto objection = [](api::PreparedQuery query) {
    const auto checked = check_query_template(query);
    return checked.has_value() ? std::string() : checked.error().message;
  };
  EXPECT_EQ(objection(make_template("p", "${name.fool}")),
            "failed compiling template: Bad format '${name.fool}' in Service.Service: unknown "
            "expression 'name.fool'");
  EXPECT_EQ(objection(make_template("p", "${name.full")),
            "failed compiling template: Bad format '${name.full' in Service.Service: expected '}' "
            "after an expression");
  for (const char* bad :
       {"${}", "${match}", "${match()}", "${match(x)}", "${1 + 1}", "${mismatch(1)}"}) {
    EXPECT_NE(objection(make_template("p", bad)), "") << bad;
  }
  api::PreparedQuery tagged = make_template("p", "web");
  tagged.service.tags = {"ok", "${oops}"};
  EXPECT_TRUE(objection(tagged).find("in Service.Tags[1]: ") != std::string::npos);
  EXPECT_TRUE(objection(make_template("p", "web", "("))
                  .starts_with("failed compiling template: Bad Regexp: "));
  api::PreparedQuery other = make_template("p", "web");
  other.query_template.type = "magic";
  EXPECT_EQ(objection(other), "failed compiling template: Bad Template.Type 'magic'");
  EXPECT_EQ(objection({.name = "p", .service = {.service = "${whatever"}}), "")
      << "texts of a query that is no template mean themselves";
}

}  // namespace
}  // namespace conclave::daemon
