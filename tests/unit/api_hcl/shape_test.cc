#include "api/hcl/shape.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "api/hcl/parser.h"

namespace conclave::api::hcl {
namespace {

struct Inner {
  std::int64_t n = 0;
  static constexpr auto fields() { return std::tuple{field(0, "N", &Inner::n)}; }
};

struct Outer {
  std::optional<Inner> one;
  std::vector<Inner> many;
  std::map<std::string, std::string> meta;
  std::map<std::string, Inner> named;
  std::vector<std::string> words;
  static constexpr auto fields() {
    return std::tuple{field(0, "One", &Outer::one), field(0, "Many", &Outer::many),
                      field(0, "Meta", &Outer::meta),
                      field(0, "NamedOnes", &Outer::named, Show::always, "named_ones"),
                      field(0, "Words", &Outer::words)};
  }
};

std::string fit(std::string_view hcl) {
  const auto value = parse_hcl(hcl);
  if (!value) return value.error().message;
  std::string json;
  fitted<Outer>(*value).append_to(json);
  return json;
}

TEST(Shape, lists_of_one_become_what_the_table_says) {
  EXPECT_EQ(fit("one { n = 1 }"), R"({"one":{"n":1}})");
  EXPECT_EQ(fit("many { n = 1 }"), R"({"many":[{"n":1}]})");
  EXPECT_EQ(fit("many { n = 1 } many { n = 2 }"), R"({"many":[{"n":1},{"n":2}]})");
  EXPECT_EQ(fit("meta { a = \"b\" }"), R"({"meta":{"a":"b"}})");
  EXPECT_EQ(fit("named_ones { lan { n = 3 } }"), R"({"named_ones":{"lan":{"n":3}}})");
  EXPECT_EQ(fit("words = [\"a\"]"), R"({"words":["a"]})");
}

TEST(Shape, json_objects_fit_as_they_are) {
  JsonValue::Object many;
  many.emplace_back("n", JsonValue(std::int64_t{1}));
  JsonValue::Object object;
  object.emplace_back("MANY", JsonValue(many));
  object.emplace_back("One", JsonValue(many));
  std::string json;
  fitted<Outer>(JsonValue(object)).append_to(json);
  EXPECT_EQ(json, R"({"MANY":[{"n":1}],"One":{"n":1}})");
}

TEST(Shape, what_does_not_fit_is_left_to_the_reader) {
  EXPECT_EQ(fit("one { n = 1 } one { n = 2 }"), R"({"one":[{"n":1},{"n":2}]})");
  EXPECT_EQ(fit("unknown { n = 1 } meta = 5"), R"({"unknown":[{"n":1}],"meta":5})");
}

}  // namespace
}  // namespace conclave::api::hcl
