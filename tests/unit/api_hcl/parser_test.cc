// Oracle: what github.com/hashicorp/hcl version 1 decodes into a map[string]interface{}, by its
// documentation and its behaviour.

#include "api/hcl/parser.h"

#include <gtest/gtest.h>

#include <string>

namespace conclave::api::hcl {
namespace {

std::string parse(std::string_view text) {
  const auto value = parse_hcl(text);
  if (!value) return value.error().message;
  std::string json;
  value->append_to(json);
  return json;
}

struct Example {
  std::string_view hcl;
  std::string_view result;  ///< JSON, or the error.
};

void expect_all(std::initializer_list<Example> examples) {
  for (const Example& example : examples)
    EXPECT_EQ(parse(example.hcl), example.result) << example.hcl;
}

TEST(Hcl, attributes) {
  expect_all({
      {"", "{}"},
      {"\xEF\xBB\xBF# begins with a byte order mark\na = 1", R"({"a":1})"},
      {"a = 1", R"({"a":1})"},
      {"a: 1", R"({"a":1})"},
      {"a=1 b=2", R"({"a":1,"b":2})"},
      {"a = 1,\nb = 2,\n", R"({"a":1,"b":2})"},
      {R"("with space" = true)", R"({"with space":true})"},
      {"disable_compat_1.9 = false", R"({"disable_compat_1.9":false})"},
      {"enable-dashes = \"x\"", R"({"enable-dashes":"x"})"},
      {"größe = 3", R"({"größe":3})"},
      {"a = [1, \"two\", true, [3], ]", R"({"a":[1,"two",true,[3]]})"},
      {"a = []", R"({"a":[]})"},
      {"a = [{b = 1}, {b = 2}]", R"({"a":[{"b":1},{"b":2}]})"},
  });
}

TEST(Hcl, blocks_are_lists_of_objects) {
  expect_all({
      {"a { b = 1 }", R"({"a":[{"b":1}]})"},
      {"a = { b = 1 }", R"({"a":[{"b":1}]})"},
      {"a {}", R"({"a":[{}]})"},
      {"a { b { c = 1 } }", R"({"a":[{"b":[{"c":1}]}]})"},
      {"a { n = 1 }\na { n = 2 }", R"({"a":[{"n":1},{"n":2}]})"},
      {R"(key "foo" { policy = "read" })", R"({"key":[{"foo":[{"policy":"read"}]}]})"},
      {R"(key "a" {} key "b" {})", R"({"key":[{"a":[{}]},{"b":[{}]}]})"},
      {R"(a "b" "c" { d = 1 })", R"({"a":[{"b":[{"c":[{"d":1}]}]}]})"},
      {R"(a b { c = 1 })", R"({"a":[{"b":[{"c":1}]}]})"},
      {"service {\n  name = \"web\"\n  tags = [\"a\"]\n  check { ttl = \"5s\" }\n}",
       R"({"service":[{"name":"web","tags":["a"],"check":[{"ttl":"5s"}]}]})"},
  });
}

TEST(Hcl, names_given_twice) {
  expect_all({
      {"a = 1\na = \"two\"", R"({"a":"two"})"},
      {"a = [1]\na = [2]", R"({"a":[1,2]})"},
      {"a = [{n = 1}]\na { n = 2 }", R"({"a":[{"n":1},{"n":2}]})"},
      {"a = 1\na { }", "2:1: a is a list or block here, but a single value at 1:1"},
      {"a { }\n  a = 1", "2:3: a is a single value here, but a list or block at 1:1"},
  });
}

TEST(Hcl, comments) {
  expect_all({
      {"# one\na = 1 # end\n// two\nb = 2 // end\n", R"({"a":1,"b":2})"},
      {"/* one\n * line */ a /* here too */ = /**/ 1", R"({"a":1})"},
      {"a = \"# no comment // either /* nor */\"", R"({"a":"# no comment // either /* nor */"})"},
      {"a = 1\n  /* open", "2:3: comment is not terminated"},
      {"a = 1 / 2", "1:7: illegal character '/'"},
  });
}

TEST(Hcl, numbers) {
  expect_all({
      {"a = 0", R"({"a":0})"},
      {"a = -17", R"({"a":-17})"},
      {"a = 0x1F", R"({"a":31})"},
      {"a = 0660", R"({"a":432})"},
      {"a = 1.5", R"({"a":1.5})"},
      {"a = 1e3", R"({"a":1000})"},
      {"a = 2.5e-1", R"({"a":0.25})"},
      {"a = 9223372036854775807", R"({"a":9223372036854775807})"},
      {"a = 9223372036854775808", "1:5: 9223372036854775808 is no number of 64 bits"},
      {"a = 08", "1:5: 08 is no number of 64 bits (a leading 0 means base 8)"},
      {"a = 0x", "1:5: 0x is no number of 64 bits (a leading 0 means base 8)"},
      {"a = +1", "1:5: illegal character '+'"},
      {"a = 1e400", "1:5: 1e400 is no number of 64 bits"},
  });
}

TEST(Hcl, texts) {
  expect_all({
      {R"(a = "")", R"({"a":""})"},
      {R"(a = "tab\t quote\" backslash\\ \x41\101\u00e4\U0001F600")",
       R"({"a":"tab\t quote\" backslash\\ AAä😀"})"},
      {R"(a = "\xff")", "{\"a\":\"\xEF\xBF\xBD\"}"},
      {R"(a = "${file("x")} {b}")", R"({"a":"${file(\"x\")} {b}"})"},
      {"a = \"${a\n{b}}\"", R"({"a":"${a\n{b}}"})"},
      {R"(a = "$ {")", R"({"a":"$ {"})"},
      {R"(a = "value.node == \"${node}\"")", R"({"a":"value.node == \"${node}\""})"},
      {"a = \"open\nb = 1", "1:5: text is not terminated"},
      {"a = \"open", "1:5: text is not terminated"},
      {R"(a = "a\qb")", R"(1:7: illegal escape sequence \q)"},
      {R"(a = "\x4")", R"(1:6: illegal escape sequence \x4")"},
      {R"(a = "\ud800")", R"(1:6: illegal escape sequence \ud800)"},
  });
}

TEST(Hcl, heredocs) {
  expect_all({
      {"a = <<EOF\none\n  two\nEOF\nb = 1", R"({"a":"one\n  two\n","b":1})"},
      {"a = <<EOF\nEOF\n", R"({"a":""})"},
      {"a = <<EOF\none\n  EOF", R"({"a":"one\n"})"},
      {"a = <<EOF\nEOFx\nEOF", R"({"a":"EOFx\n"})"},
      {"a = <<-EOF\n    one\n      two\n    EOF\n", R"({"a":"one\n  two\n"})"},
      {"a = <<-EOF\n  one\n    EOF\n", R"({"a":"  one\n"})"},
      {"a = <<EOF\r\none\r\nEOF\r\n", R"({"a":"one\r\n"})"},
      {"a = <<EOF\n\\n \"quotes\" ${x}\nEOF\n", R"({"a":"\\n \"quotes\" ${x}\n"})"},
      {"a = [<<X\n1\nX\n, <<Y\n2\nY\n]", R"({"a":["1\n","2\n"]})"},
      {"a = <<EOF\none\n", "1:5: heredoc is not terminated"},
      {"a = <<\nEOF", "1:7: a heredoc needs a word after <<"},
      {"a = <<EOF x\nEOF", "1:10: a heredoc begins on the line after its word"},
  });
}

TEST(Hcl, every_error_has_line_and_column) {
  expect_all({
      {"a = ", "1:5: expected a value, found the end"},
      {"a", "1:2: expected '=' or '{' after a, found the end"},
      {"= 1", "1:1: expected a key, found '='"},
      {"1 = 1", "1:1: expected a key, found '1'"},
      {"true = 1", "1:1: expected a key, found 'true'"},
      {"a \"b\" = 1", "1:7: expected '{' after b, found '='"},
      {"a = b", "1:5: b is no value: texts stand in quotes"},
      {"a = {\n  b = 1", "1:5: this block is not closed: '}' is missing"},
      {"a {\n\n", "1:3: this block is not closed: '}' is missing"},
      {"a = 1 }", "1:7: expected a key, found '}'"},
      {"a = [1", "1:5: this list is not closed: ']' is missing"},
      {"a = [1 2]", "1:8: expected ',' or ']' in a list, found '2'"},
      {"a = [,]", "1:6: expected a value, found ','"},
      {"ä = ?", "1:5: illegal character '?'"},
      {"ä = \"ü\" ö = ;", "1:13: illegal character ';'"},
      {"a\xC2\xA0= 1", "1:2: illegal character '\xC2\xA0'"},
      {"a = \"\xFF\"", "1:6: this is not valid UTF-8"},
      {std::string_view("a = 1\n\0", 7), "2:1: a null character"},
  });
}

TEST(Hcl, depth_and_size_are_bounded) {
  std::string deep = "a = ";
  for (int level = 0; level < 40; ++level) deep += '[';
  EXPECT_EQ(parse(deep), "1:37: more than 32 levels");
  std::string labels;
  for (int level = 0; level < 40; ++level) labels += "a ";
  EXPECT_EQ(parse(labels), "1:67: more than 32 levels");
  std::string blocks;
  for (int level = 0; level < 40; ++level) blocks += "a{";
  EXPECT_EQ(parse(blocks), "1:66: more than 32 levels");
  const auto large = parse_hcl("a = 1", {.bytes_max = 4});
  ASSERT_FALSE(large.has_value());
  EXPECT_EQ(large.error().code, ErrorCode::too_large);
  EXPECT_EQ(large.error().message, "1:1: 5 bytes of HCL are too many: 4 is the limit");
}

}  // namespace
}  // namespace conclave::api::hcl
