#include "base/core/text.h"

#include <gtest/gtest.h>

#include "base/core/rng.h"

namespace conclave {
namespace {

using namespace std::string_literals;

TEST(AsciiCase, only_the_26_letters_change) {
  EXPECT_EQ(to_lower_ascii("ABCxyz[@`{09-_."), "abcxyz[@`{09-_.");
  EXPECT_EQ(to_lower_ascii("\xc3\x84"), "\xc3\x84");
  EXPECT_TRUE(equal_ignoring_case("Web-1", "wEB-1"));
  EXPECT_FALSE(equal_ignoring_case("web", "web1"));
  EXPECT_FALSE(equal_ignoring_case("[", "{"));
}

TEST(TrimSpaces, takes_white_space_off_both_ends) {
  EXPECT_EQ(trim_spaces(" \t\r\n a b \n"), "a b");
  EXPECT_EQ(trim_spaces(" \t "), "");
  EXPECT_EQ(trim_spaces(""), "");
}

// RFC 4648, section 10.
TEST(Base64, has_the_published_values) {
  const struct {
    std::string_view bytes;
    std::string_view text;
  } cases[] = {{"", ""},
               {"f", "Zg=="},
               {"fo", "Zm8="},
               {"foo", "Zm9v"},
               {"foob", "Zm9vYg=="},
               {"fooba", "Zm9vYmE="},
               {"foobar", "Zm9vYmFy"}};
  for (const auto& c : cases) {
    EXPECT_EQ(encode_base64(c.bytes), c.text);
    EXPECT_EQ(decode_base64(c.text), c.bytes);
  }
  EXPECT_EQ(encode_base64("\xfb\xff\xfe"), "+//+");
}

TEST(Base64, appends_to_what_is_there) {
  std::string out = "x";
  append_base64(out, "foo");
  EXPECT_EQ(out, "xZm9v");
}

TEST(Base64, comes_back_for_all_lengths) {
  Rng rng(1);
  for (std::size_t size = 0; size < 70; ++size) {
    std::string bytes;
    for (std::size_t i = 0; i < size; ++i) bytes.push_back(static_cast<char>(rng.next()));
    EXPECT_EQ(decode_base64(encode_base64(bytes)), bytes);
  }
}

TEST(Base64, refuses_every_other_spelling) {
  for (const std::string& text : {"Z"s, "Zg"s, "Zg="s, "Zg==="s, "===="s, "Z==="s, "Zh=="s, "Zm9="s,
                                  "Zm 9"s, "Zm9-"s, "Zm9v\n"s, "Zg==Zg=="s, "Zm\09"s}) {
    EXPECT_EQ(decode_base64(text), std::nullopt) << text;
  }
}

TEST(Hex, goes_both_ways) {
  EXPECT_EQ(encode_hex("\x00\x7f\xff\xa5"s), "007fffa5");
  EXPECT_EQ(decode_hex("007FFfa5"), "\x00\x7f\xff\xa5"s);
  EXPECT_EQ(decode_hex(""), "");
  for (const std::string_view text : {"0", "0g", "g0", " 0", "0x"}) {
    EXPECT_EQ(decode_hex(text), std::nullopt) << text;
  }
}

TEST(ParseIntegers, take_whole_decimal_numbers_only) {
  EXPECT_EQ(parse_u64("0"), 0u);
  EXPECT_EQ(parse_u64("007"), 7u);
  EXPECT_EQ(parse_u64("18446744073709551615"), 18446744073709551615u);
  for (const std::string_view text : {"", "-1", "+1", " 1", "1 ", "1.0", "0x1", "1e3", "abc",
                                      "18446744073709551616", "99999999999999999999999"}) {
    EXPECT_EQ(parse_u64(text), std::nullopt) << text;
  }
  EXPECT_EQ(parse_i64("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(parse_i64("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
  for (const std::string_view text : {"", "-", "--1", "+1", "1-", "9223372036854775808"}) {
    EXPECT_EQ(parse_i64(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace conclave
