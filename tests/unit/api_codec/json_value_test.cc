// Oracle: RFC 8259; contract section 0 (integers are uint64 and never pass through a double).
#include "api/codec/json_value.h"

#include <gtest/gtest.h>

#include "api/codec/writer.h"

namespace conclave::api {
namespace {

std::string error_of(std::string_view text) {
  auto parsed = parse_json(text);
  return parsed.has_value() ? "no error" : parsed.error().message;
}

TEST(ParseJson, reads_every_kind_and_writes_it_back) {
  const std::string text =
      R"({"s":"a\"b","n":-5,"u":18446744073709551615,"f":1.5,"t":true,"z":null,"l":[1,[]],"o":{}})";
  auto parsed = parse_json(text);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(to_json(*parsed), text);
}

TEST(ParseJson, keeps_64_bit_integers_exact) {
  std::uint64_t number = 0;
  ASSERT_TRUE(parse_json("16210313421097356768")->to_u64(number));
  EXPECT_EQ(number, 16210313421097356768u);
  ASSERT_TRUE(parse_json("3304740253564472344")->to_u64(number));
  EXPECT_EQ(number, 3304740253564472344u);
  std::int64_t negative = 0;
  ASSERT_TRUE(parse_json("-9223372036854775808")->to_i64(negative));
  EXPECT_EQ(negative, std::numeric_limits<std::int64_t>::min());
}

TEST(ParseJson, reads_the_nearest_double) {
  for (const double number : {0.1, 1.7976931348623157e308, -1.2345678901234568e44, 5e-324}) {
    const std::string text = to_json(number);
    double read = 0;
    ASSERT_TRUE(parse_json(text)->to_double(read));
    EXPECT_EQ(read, number) << text;
  }
  EXPECT_EQ(to_json(*parse_json("[1.5,7,-2.5,18446744073709551615]")),
            "[1.5,7,-2.5,18446744073709551615]");
}

TEST(ParseJson, says_no_to_numbers_that_do_not_fit) {
  std::uint64_t number = 0;
  EXPECT_FALSE(parse_json("18446744073709551616")->to_u64(number));
  EXPECT_FALSE(parse_json("-1")->to_u64(number));
  EXPECT_FALSE(parse_json("1.5")->to_u64(number));
  std::int64_t negative = 0;
  EXPECT_FALSE(parse_json("9223372036854775808")->to_i64(negative));
}

TEST(ParseJson, unescapes_and_repairs_strings) {
  EXPECT_EQ(*parse_json(R"("a\u00e9\ud83d\ude00\n")")->if_string(), "a\xc3\xa9\xf0\x9f\x98\x80\n");
  EXPECT_EQ(*parse_json("\"a\xff\x62\"")->if_string(), "a\xef\xbf\xbd\x62");
}

TEST(ParseJson, reports_errors_in_words) {
  EXPECT_EQ(error_of(""), "EOF");
  EXPECT_EQ(error_of("  "), "EOF");
  EXPECT_EQ(error_of("{\"a\":"), "unexpected EOF");
  EXPECT_EQ(error_of("{\"a\":x}"), "invalid character 'x' at offset 5");
  EXPECT_EQ(error_of("[1] 2"), "invalid character '2' at offset 4");
  EXPECT_EQ(error_of("{'a':1}"), "invalid character ''' at offset 1");
}

TEST(ParseJson, bounds_depth_and_size) {
  EXPECT_TRUE(parse_json(std::string(32, '[') + std::string(32, ']')).has_value());
  EXPECT_EQ(error_of(std::string(33, '[') + std::string(33, ']')), "exceeded max depth");
  auto large = parse_json("[1,2,3]", {.bytes_max = 4});
  ASSERT_FALSE(large.has_value());
  EXPECT_EQ(large.error().code, ErrorCode::too_large);
}

TEST(JsonValue, finds_the_last_member_without_regard_to_case) {
  auto parsed = parse_json(R"({"Name":"a","NAME":"b"})");
  EXPECT_EQ(*parsed->find("name")->if_string(), "b");
  EXPECT_EQ(parsed->find("other"), nullptr);
  EXPECT_EQ(parse_json("[]")->find("name"), nullptr);
}

// A parser of bytes from outside: every cut of a valid text is an error and never a crash.
TEST(ParseJson, refuses_every_cut_of_an_object) {
  const std::string text = R"({"a":[1,2.5,"x\u00e9",true,null],"b":{"c":-7}})";
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(parse_json(text.substr(0, size)).has_value()) << size;
  }
}

}  // namespace
}  // namespace conclave::api
