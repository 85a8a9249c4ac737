#pragma once

/// A filter expression as text says it (contract 10), before anybody asked whether its selectors
/// exist. The grammar is that of Consul's expressions:
///
///   expression := ["not"] operand { ("and" | "or") expression }      and binds closer than or
///   operand    := "(" expression ")" | match
///   match      := selector ("==" | "!=" | ["not"] "contains" | ["not"] "matches") value
///               | selector "is" ["not"] "empty" | value ["not"] "in" selector
///   selector   := identifier { "." identifier | "." digits | "[" string "]" } | "/a/b" in quotes
///   value      := selector text | number | "double quoted" | `raw`
///
/// Words of the language are in lower case with space around them.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/result.h"

namespace conclave::api {

constexpr std::size_t filter_bytes_max = 8 * 1024;  ///< Of text; more is refused.
constexpr std::size_t filter_depth_max = 64;        ///< Parentheses within each other.

enum class FilterOperator : std::uint8_t {
  equal,
  not_equal,
  in,  ///< `contains` is `in` the other way round.
  not_in,
  is_empty,
  is_not_empty,
  matches,
  not_matches,
};

struct FilterMatch {
  std::vector<std::string> path;  ///< At least one name.
  FilterOperator op = FilterOperator::equal;
  std::string value;  ///< Unquoted; "" for is_empty and is_not_empty.

  friend bool operator==(const FilterMatch&, const FilterMatch&) = default;
};

/// The logic around the matches, in the order in which it is carried out on one truth value. Flat,
/// so that neither reading nor evaluating an expression recurses.
struct FilterStep {
  enum class Kind : std::uint8_t {
    match,          ///< The truth becomes that of matches[at].
    negate,         ///< It is turned round.
    skip_if_false,  ///< The next step is steps[at] if it is false.
    skip_if_true,
  };
  Kind kind = Kind::match;
  std::size_t at = 0;
};

struct FilterExpression {
  std::vector<FilterMatch> matches;
  std::vector<FilterStep> steps;
};

/// Errors name line, column and offset as Consul's parser does: "1:9 (8): rule "number": ...".
/// Those of the grammar are ErrorCode::failed, those of our limits ErrorCode::bad_request.
Result<FilterExpression> parse_filter_expression(std::string_view text);

/// As errors show an operator: "Not Equal".
std::string_view operator_text(FilterOperator op);

/// A selector as errors show it: its names with dots between them.
std::string join_path(const std::vector<std::string>& path, std::size_t names);

}  // namespace conclave::api
