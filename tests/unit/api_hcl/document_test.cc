#include "api/hcl/document.h"

#include <gtest/gtest.h>

#include <string>

namespace conclave::api::hcl {
namespace {

std::string parse(std::string_view text, Format format) {
  const auto value = parse_document(text, format);
  if (!value) return value.error().message;
  std::string json;
  value->append_to(json);
  return json;
}

TEST(Document, json_in_hcl_is_json) {
  EXPECT_EQ(parse("\n { \"a\": {\"b\": 1} }", Format::hcl), R"({"a":{"b":1}})");
  EXPECT_EQ(parse("a { b = 1 }", Format::hcl), R"({"a":[{"b":1}]})");
}

TEST(Document, json_errors_have_line_and_column) {
  EXPECT_EQ(parse("{\n  \"a\": x}", Format::json), "2:8: not valid JSON: invalid character 'x'");
  EXPECT_EQ(parse("{\"a\": 1", Format::json), "1:8: not valid JSON: unexpected EOF");
  EXPECT_EQ(parse("  ", Format::json), "1:3: not valid JSON: nothing is in it");
  EXPECT_EQ(parse("a = 1", Format::json), "1:1: not valid JSON: invalid character 'a'");
}

}  // namespace
}  // namespace conclave::api::hcl
