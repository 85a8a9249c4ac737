/// The grammar of filter expressions and its errors. Oracle: contract 10; the positions and texts
/// are those that Consul's own parser gives.

#include "api/query/filter_expression.h"

#include <gtest/gtest.h>

#include "api/query/filter_literal.h"

namespace conclave::api {
namespace {

using enum FilterOperator;
using Path = std::vector<std::string>;

std::string error_of(std::string_view text) {
  const auto expression = parse_filter_expression(text);
  return expression.has_value() ? "" : expression.error().message;
}

/// The truth of an expression whose values are "t" and "f", by what each match compares with.
std::string outcome(std::string_view text) {
  const auto expression = parse_filter_expression(text);
  if (!expression.has_value()) return expression.error().message;
  bool truth = false;
  std::string order;
  for (std::size_t i = 0; i < expression->steps.size();) {
    const FilterStep& step = expression->steps[i++];
    if (step.kind == FilterStep::Kind::match) {
      const FilterMatch& match = expression->matches[step.at];
      truth = match.value == "t";
      order += match.path.front();
    } else if (step.kind == FilterStep::Kind::negate) {
      truth = !truth;
    } else if (truth == (step.kind == FilterStep::Kind::skip_if_true)) {
      i = step.at;
    }
  }
  return order + (truth ? "=true" : "=false");
}

TEST(FilterExpression, each_operator_has_its_words) {
  const struct {
    const char* text;
    FilterMatch match;
  } cases[] = {
      {"a == x", {{"a"}, equal, "x"}},
      {"a==x", {{"a"}, equal, "x"}},
      {"a != x", {{"a"}, not_equal, "x"}},
      {"a contains x", {{"a"}, in, "x"}},
      {"a not contains x", {{"a"}, not_in, "x"}},
      {"x in a", {{"a"}, in, "x"}},
      {"x not in a", {{"a"}, not_in, "x"}},
      {"a is empty", {{"a"}, is_empty, ""}},
      {"a is not empty", {{"a"}, is_not_empty, ""}},
      {"a matches x", {{"a"}, matches, "x"}},
      {"a not matches x", {{"a"}, not_matches, "x"}},
      {"\t\r\n a \t\r\n not \n in \t b \r\n", {{"b"}, not_in, "a"}},
      {" ( a  ==  x ) ", {{"a"}, equal, "x"}},
  };
  for (const auto& one : cases) {
    const auto expression = parse_filter_expression(one.text);
    ASSERT_TRUE(expression.has_value()) << one.text << ": " << expression.error().message;
    EXPECT_EQ(expression->matches, std::vector{one.match}) << one.text;
  }
}

TEST(FilterExpression, selectors_are_names_digits_indexes_and_pointers) {
  const struct {
    const char* selector;
    Path path;
  } cases[] = {
      {"Node.Meta.rack", {"Node", "Meta", "rack"}},
      {"Meta[\"a-b c\"]", {"Meta", "a-b c"}},
      {"Meta[ `a\"b` ]", {"Meta", "a\"b"}},
      {"Meta[\"k\"].x[`y`]", {"Meta", "k", "x", "y"}},
      {"Meta.team/name", {"Meta", "team/name"}},
      {"Meta.12", {"Meta", "12"}},
      {"Meta[\"åß\"]", {"Meta", "åß"}},
      {"\"/Meta/a-b\"", {"Meta", "a-b"}},
  };
  for (const auto& one : cases) {
    for (const auto& text :
         {std::string(one.selector) + " == 1", std::string("1 in ") + one.selector}) {
      const auto expression = parse_filter_expression(text);
      ASSERT_TRUE(expression.has_value()) << text << ": " << expression.error().message;
      EXPECT_EQ(expression->matches.front().path, one.path) << text;
    }
  }
}

TEST(FilterExpression, values_are_bare_numbers_or_quoted) {
  const struct {
    const char* text;
    const char* value;
  } cases[] = {
      {"x", "x"},
      {"a.b.1", "a.b.1"},
      {"a[\"b\"]", "a.b"},
      {"not", "not"},
      {"0", "0"},
      {"-12", "-12"},
      {"11.50", "11.50"},
      {"\"\"", ""},
      {"\"/v1/x\"", "/v1/x"},
      {"\"two words\"", "two words"},
      {R"("\n\t\\\x41\u00e9\U0001F600\101")", "\n\t\\A\u00e9\U0001F600A"},
      {R"(`\n"`)", "\\n\""},
      {"`a\r\nb`", "a\nb"},
  };
  for (const auto& one : cases) {
    const auto expression = parse_filter_expression(std::string("a == ") + one.text);
    ASSERT_TRUE(expression.has_value()) << one.text << ": " << expression.error().message;
    EXPECT_EQ(expression->matches.front().value, one.value) << one.text;
  }
}

TEST(FilterExpression, not_binds_before_and_before_or) {
  const struct {
    const char* text;
    const char* outcome;
  } cases[] = {
      {"a == t", "a=true"},
      {"not a == t", "a=false"},
      {"not not a == t", "a=true"},
      {"a == t and b == f", "ab=false"},
      {"a == f and b == t", "a=false"},
      {"a == t or b == f", "a=true"},
      {"a == f or b == t", "ab=true"},
      {"a == f and b == t or c == t", "ac=true"},
      {"a == t or b == t and c == f", "a=true"},
      {"a == f or b == t and c == f", "abc=false"},
      {"(a == t or b == t) and c == f", "ac=false"},
      {"not a == t or b == t", "ab=true"},
      {"not (a == t or b == t)", "a=false"},
      {"not (a == f or b == f) and not c == f", "abc=true"},
      {"not (not (a == t))", "a=true"},
      {"((a == t) and (not ((b == t) and (not (c == f)))))", "abc=false"},
      {"a == f or b == f or c == t or d == f", "abc=true"},
      {"a == t and b == t and c == f and d == t", "abc=false"},
  };
  for (const auto& one : cases) EXPECT_EQ(outcome(one.text), one.outcome) << one.text;
}

TEST(FilterExpression, errors_say_where_and_what) {
  const struct {
    const char* text;
    const char* error;
  } cases[] = {
      {"foo == \"12x", "1:12 (11): rule \"string\": Unterminated string literal"},
      {"foo == `12x", "1:12 (11): rule \"string\": Unterminated string literal"},
      {"foo == \"\\q\"", "1:8 (7): rule \"string\": invalid syntax"},
      {"foo == 3x", "1:9 (8): rule \"number\": Invalid number literal"},
      {"foo == 1.2.3", "1:11 (10): rule \"number\": Invalid number literal"},
      {"foo == 05", "1:9 (8): rule \"number\": Invalid number literal"},
      {"foo[3] == abc", "1:5 (4): rule \"index\": Invalid index"},
      {"x in foo[\"abc\"", "1:15 (14): rule \"index\": Unclosed index expression"},
      {"foo[\"abc\" == 3", "1:11 (10): rule \"index\": Unclosed index expression"},
      {"x in 32", "1:6 (5): rule \"match\": Invalid selector"},
      {"x in \"foo\"", "1:6 (5): rule \"match\": Invalid selector"},
      {"(foo == 4", "1:10 (9): rule \"grouping\": Unmatched parentheses"},
      {"32 == 32", R"(1:4 (3): no match found, expected: "in", "not" or [ \t\r\n])"},
      {"32 is empty", R"(1:4 (3): no match found, expected: "in", "not" or [ \t\r\n])"},
      {"x in foo abc", R"(1:10 (9): no match found, expected: "and", "or", [ \t\r\n] or EOF)"},
      {"a == b)", R"(1:7 (6): no match found, expected: "and", "or", [ \t\r\n] or EOF)"},
      {"(a == b c", "1:9 (8): no match found, expected: \")\", \"and\", \"or\" or [ \\t\\r\\n]"},
      {"x in foo and ",
       "1:14 (13): no match found, expected: \"(\", \"-\", \"0\", \"\\\"\", \"`\", \"not\", "
       "[ \\t\\r\\n], [1-9] or [a-zA-Z]"},
      {"a == ",
       "1:6 (5): no match found, expected: \"-\", \"0\", \"\\\"\", \"`\", [ \\t\\r\\n], [1-9] or "
       "[a-zA-Z]"},
      {"a", R"(1:2 (1): no match found, expected: "!=", "==", "contains", "in", "is", "matches", )"
            R"("not" or [ \t\r\n])"},
      {"a < 3",
       R"(1:3 (2): no match found, expected: "!=", "==", "contains", "in", "is", "matches", )"
       R"("not" or [ \t\r\n])"},
      {"a == \"é\"\nand b ==",
       "2:9 (18): no match found, expected: \"-\", \"0\", \"\\\"\", \"`\", [ \\t\\r\\n], [1-9] or "
       "[a-zA-Z]"},
  };
  for (const auto& one : cases) EXPECT_EQ(error_of(one.text), one.error) << one.text;
}

TEST(FilterExpression, words_need_space_around_them_and_lower_case) {
  for (const char* text :
       {"a == x andb == y", "a == x AND b == y", "(a == x)and (b == y)", "a == x and(b == y)",
        "not(a == x)", "a Contains x", "a is emptyx", "xin a", "a contains\"x\"", "a == x or"}) {
    EXPECT_NE(error_of(text), "") << text;
  }
}

TEST(FilterExpression, length_and_nesting_are_bounded) {
  const std::string open(filter_depth_max, '(');
  const std::string close(filter_depth_max, ')');
  EXPECT_EQ(error_of(open + "a == b" + close), "");
  const auto deeper = parse_filter_expression(open + "(a == b)" + close);
  ASSERT_FALSE(deeper.has_value());
  EXPECT_EQ(deeper.error(),
            (Error{ErrorCode::bad_request, "more than 64 parentheses within each other"}));

  std::string longest = "a == b";
  longest.append(filter_bytes_max - longest.size(), ' ');
  EXPECT_EQ(error_of(longest), "");
  const auto longer = parse_filter_expression(longest + " ");
  ASSERT_FALSE(longer.has_value());
  EXPECT_EQ(longer.error(), (Error{ErrorCode::bad_request,
                                   "an expression of 8193 bytes is longer than the 8192 allowed"}));
}

TEST(FilterExpression, many_negations_and_connectives_are_no_nesting) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "not ";
  EXPECT_EQ(outcome(text + "a == t"), "a=true");
  EXPECT_EQ(outcome(text + "not a == t"), "a=false");
  std::string either = "a == f";
  for (int i = 0; i < 500; ++i) either += " or a == f";
  EXPECT_TRUE(outcome(either).ends_with("=false"));
  EXPECT_EQ(outcome(either), std::string(501, 'a') + "=false");
}

TEST(FilterLiteral, texts_are_quoted_as_go_does) {
  EXPECT_EQ(quote_go("a\"b\\c\n\x01é"), "\"a\\\"b\\\\c\\n\\x01é\"");
}

TEST(FilterLiteral, go_refuses_these_strings) {
  for (const char* literal : {"\"\\\"", "\"\\u12\"", "\"\\ud800\"", "\"\\U00110000\"", "\"\\400\"",
                              "\"\\18\"", "\"\\x4\"", "\"a\nb\"", "\"", "\"a`"}) {
    EXPECT_FALSE(unquote_go(literal).has_value()) << literal;
  }
}

TEST(FilterLiteral, integers_are_read_as_go_reads_literals) {
  const std::pair<const char*, std::int64_t> good[] = {
      {"0", 0},
      {"80", 80},
      {"-80", -80},
      {"+7", 7},
      {"0x1F", 31},
      {"0b101", 5},
      {"0o17", 15},
      {"017", 15},
      {"1_000", 1000},
      {"0x_ff", 255},
      {"9223372036854775807", INT64_MAX},
      {"-9223372036854775808", INT64_MIN},
  };
  for (const auto& [text, value] : good) EXPECT_EQ(parse_go_int(text), value) << text;
  for (const char* text : {"", "x", "1.5", "--1", "08", "0x", "_1", "1_", "1__0", "1 ", "0b2"}) {
    EXPECT_EQ(parse_go_int(text).error(),
              "strconv.ParseInt: parsing " + quote_go(text) + ": invalid syntax");
  }
  EXPECT_EQ(parse_go_int("9223372036854775808").error(),
            "strconv.ParseInt: parsing \"9223372036854775808\": value out of range");
  EXPECT_EQ(parse_go_uint("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(parse_go_uint("18446744073709551616").error(),
            "strconv.ParseUint: parsing \"18446744073709551616\": value out of range");
  EXPECT_EQ(parse_go_uint("-1").error(), "strconv.ParseUint: parsing \"-1\": invalid syntax");
}

}  // namespace
}  // namespace conclave::api
