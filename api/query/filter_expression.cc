#include "api/query/filter_expression.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>

#include "api/query/filter_literal.h"

namespace conclave::api {

namespace {

// What could have stood where nothing fits.
constexpr std::string_view operand_start =
    R"("(", "-", "0", "\"", "`", "not", [ \t\r\n], [1-9] or [a-zA-Z])";
constexpr std::string_view value_start = R"("-", "0", "\"", "`", [ \t\r\n], [1-9] or [a-zA-Z])";
constexpr std::string_view after_selector =
    R"("!=", "==", "contains", "in", "is", "matches", "not" or [ \t\r\n])";
constexpr std::string_view after_value = R"("in", "not" or [ \t\r\n])";
constexpr std::string_view after_match = R"("and", "or", [ \t\r\n] or EOF)";
constexpr std::string_view after_match_in_group = R"|(")", "and", "or" or [ \t\r\n])|";

/// Where an operator's selector stands.
enum class Shape : std::uint8_t { selector_value, selector_only, value_selector };

struct OperatorWords {
  std::string_view words[3];
  FilterOperator op;
  Shape shape;
};
constexpr OperatorWords operator_words[] = {
    {{"contains"}, FilterOperator::in, Shape::selector_value},
    {{"not", "contains"}, FilterOperator::not_in, Shape::selector_value},
    {{"matches"}, FilterOperator::matches, Shape::selector_value},
    {{"not", "matches"}, FilterOperator::not_matches, Shape::selector_value},
    {{"is", "empty"}, FilterOperator::is_empty, Shape::selector_only},
    {{"is", "not", "empty"}, FilterOperator::is_not_empty, Shape::selector_only},
    {{"in"}, FilterOperator::in, Shape::value_selector},
    {{"not", "in"}, FilterOperator::not_in, Shape::value_selector},
};

constexpr std::string_view operator_texts[] = {
    "Equal", "Not Equal", "In", "Not In", "Is Empty", "Is Not Empty", "Matches", "Not Matches",
};

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_quote(char c) { return c == '"' || c == '`'; }
bool in_identifier(char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '/'; }

/// The names of "/a/b"; none if the text is no such pointer.
std::vector<std::string> pointer_path(std::string_view text) {
  std::vector<std::string> path;
  while (text.starts_with('/')) {
    const std::size_t end = std::min(text.find('/', 1), text.size());
    if (end == 1) return {};
    path.emplace_back(text.substr(1, end - 1));
    text.remove_prefix(end);
  }
  return text.empty() ? path : std::vector<std::string>{};
}

/// What stands before an operator: a value, a selector or, mostly, what could be either.
struct Left {
  std::string value;
  std::vector<std::string> path;  ///< Empty: cannot be a selector.
};

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<FilterExpression> parse() {
    groups_.emplace_back();
    skip_space();
    for (;;) {
      CONCLAVE_TRY(read_operand());
      CONCLAVE_TRY_ASSIGN(const bool more, read_connective());
      if (!more) return std::move(out_);
    }
  }

 private:
  /// The inside of a pair of parentheses, or the whole: which skips still need their target, and
  /// whether the operand that comes is negated.
  struct Group {
    std::vector<std::size_t> and_skips;
    std::vector<std::size_t> or_skips;
    bool negated = false;
  };

  // Structure

  Result<void> read_operand() {
    for (;;) {
      if (take('(')) {
        if (groups_.size() > filter_depth_max) {
          return fail(ErrorCode::bad_request, "more than " + std::to_string(filter_depth_max) +
                                                  " parentheses within each other");
        }
        groups_.emplace_back();
        skip_space();
      } else if (take_words(std::array<std::string_view, 1>{"not"}, true)) {
        groups_.back().negated = !groups_.back().negated;
      } else {
        return read_match();
      }
    }
  }

  /// Ends groups and reads "and" or "or"; false at the end of the text.
  Result<bool> read_connective() {
    end_operand();
    for (;;) {
      const bool spaced = skip_space();
      if (at_ == text_.size()) {
        if (groups_.size() > 1) return wrong("grouping", "Unmatched parentheses");
        end_group();
        return false;
      }
      if (groups_.size() > 1 && take(')')) {
        end_group();
        groups_.pop_back();
        end_operand();
        continue;
      }
      if (spaced && take_words(std::array<std::string_view, 1>{"and"}, true)) {
        groups_.back().and_skips.push_back(add_skip(FilterStep::Kind::skip_if_false));
        return true;
      }
      if (spaced && take_words(std::array<std::string_view, 1>{"or"}, true)) {
        aim_here(groups_.back().and_skips);
        groups_.back().or_skips.push_back(add_skip(FilterStep::Kind::skip_if_true));
        return true;
      }
      return expected(groups_.size() > 1 ? after_match_in_group : after_match);
    }
  }

  void end_operand() {
    if (std::exchange(groups_.back().negated, false)) {
      out_.steps.push_back({FilterStep::Kind::negate, 0});
    }
  }

  void end_group() {
    aim_here(groups_.back().and_skips);
    aim_here(groups_.back().or_skips);
  }

  std::size_t add_skip(FilterStep::Kind kind) {
    out_.steps.push_back({kind, 0});
    return out_.steps.size() - 1;
  }

  void aim_here(std::vector<std::size_t>& skips) {
    for (const std::size_t skip : skips) out_.steps[skip].at = out_.steps.size();
    skips.clear();
  }

  // Matches

  Result<void> read_match() {
    CONCLAVE_TRY_ASSIGN(const Left left, read_left());
    const bool may_select = !left.path.empty();
    const bool spaced = skip_space();
    if (may_select &&
        (text_.substr(at_).starts_with("==") || text_.substr(at_).starts_with("!="))) {
      const bool equal = text_[at_] == '=';
      at_ += 2;
      skip_space();
      return read_right(left, equal ? FilterOperator::equal : FilterOperator::not_equal);
    }
    for (const OperatorWords& one : operator_words) {
      if (!spaced || (!may_select && one.shape != Shape::value_selector)) continue;
      if (!take_words(one.words, one.shape != Shape::selector_only)) continue;
      if (one.shape == Shape::selector_only) return add_match({left.path, one.op, {}});
      if (one.shape == Shape::selector_value) return read_right(left, one.op);
      CONCLAVE_TRY_ASSIGN(std::vector<std::string> path, read_right_selector());
      return add_match({std::move(path), one.op, left.value});
    }
    return expected(may_select ? after_selector : after_value);
  }

  Result<Left> read_left() {
    if (is_quote(peek())) {
      const bool may_point = peek() == '"';
      CONCLAVE_TRY_ASSIGN(std::string text, read_string());
      return Left{text, may_point ? pointer_path(text) : std::vector<std::string>{}};
    }
    if (is_letter(peek())) {
      CONCLAVE_TRY_ASSIGN(std::vector<std::string> path, read_selector());
      return Left{join_path(path, path.size()), std::move(path)};
    }
    if (!starts_number()) return expected(operand_start);
    CONCLAVE_TRY_ASSIGN(std::string number, read_number());
    return Left{std::move(number), {}};
  }

  Result<void> read_right(const Left& left, FilterOperator op) {
    if (is_quote(peek())) {
      CONCLAVE_TRY_ASSIGN(std::string text, read_string());
      return add_match({left.path, op, std::move(text)});
    }
    if (is_letter(peek())) {
      CONCLAVE_TRY_ASSIGN(const std::vector<std::string> path, read_selector());
      return add_match({left.path, op, join_path(path, path.size())});
    }
    if (!starts_number()) return expected(value_start);
    CONCLAVE_TRY_ASSIGN(std::string number, read_number());
    return add_match({left.path, op, std::move(number)});
  }

  Result<std::vector<std::string>> read_right_selector() {
    const std::size_t before = at_;
    if (is_letter(peek())) return read_selector();
    if (peek() == '"') {
      CONCLAVE_TRY_ASSIGN(const std::string text, read_string());
      std::vector<std::string> path = pointer_path(text);
      if (!path.empty()) return path;
    }
    at_ = before;
    return wrong("match", "Invalid selector");
  }

  Result<void> add_match(FilterMatch match) {
    out_.steps.push_back({FilterStep::Kind::match, out_.matches.size()});
    out_.matches.push_back(std::move(match));
    return {};
  }

  // Selectors and values

  Result<std::vector<std::string>> read_selector() {
    std::vector<std::string> path = {take_while(in_identifier)};
    for (;;) {
      const char next = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
      if (peek() == '.' && is_letter(next)) {
        at_ += 1;
        path.push_back(take_while(in_identifier));
      } else if (peek() == '.' && is_digit(next)) {
        at_ += 1;
        path.push_back(take_while(is_digit));
      } else if (take('[')) {
        CONCLAVE_TRY_ASSIGN(std::string key, read_index());
        path.push_back(std::move(key));
      } else {
        return path;
      }
    }
  }

  Result<std::string> read_index() {
    skip_space();
    if (!is_quote(peek())) return wrong("index", "Invalid index");
    CONCLAVE_TRY_ASSIGN(std::string key, read_string());
    skip_space();
    if (!take(']')) return wrong("index", "Unclosed index expression");
    return key;
  }

  Result<std::string> read_string() {
    const std::size_t begin = at_;
    const std::size_t end = text_.find(text_[begin], begin + 1);
    if (end == std::string_view::npos) {
      at_ = text_.size();
      return wrong("string", "Unterminated string literal");
    }
    std::optional<std::string> text = unquote_go(text_.substr(begin, end + 1 - begin));
    if (!text.has_value()) return wrong("string", "invalid syntax");
    at_ = end + 1;
    return std::move(*text);
  }

  bool starts_number() const {
    const std::size_t digit = peek() == '-' ? at_ + 1 : at_;
    return digit < text_.size() && is_digit(text_[digit]);
  }

  Result<std::string> read_number() {
    const std::size_t begin = at_;
    take('-');
    if (!take('0')) take_while(is_digit);
    if (peek() == '.' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1])) {
      at_ += 1;
      take_while(is_digit);
    }
    const bool ends = at_ == text_.size() || is_space(peek()) || peek() == ')';
    if (!ends) return wrong("number", "Invalid number literal");
    return std::string(text_.substr(begin, at_ - begin));
  }

  // Characters

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  bool take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    at_ += 1;
    return true;
  }

  template <class Predicate>
  std::string take_while(Predicate predicate) {
    const std::size_t begin = at_;
    while (at_ < text_.size() && predicate(text_[at_])) at_ += 1;
    return std::string(text_.substr(begin, at_ - begin));
  }

  bool skip_space() { return !take_while(is_space).empty(); }

  /// Takes all of the words, with space between and, if `then_space`, after them; or nothing.
  bool take_words(std::span<const std::string_view> words, bool then_space) {
    const std::size_t before = at_;
    for (const std::string_view word : words) {
      if (word.empty()) break;
      const bool apart = word.data() == words.front().data() || skip_space();
      if (!apart || !text_.substr(at_).starts_with(word)) {
        at_ = before;
        return false;
      }
      at_ += word.size();
    }
    if (then_space && !skip_space()) {
      at_ = before;
      return false;
    }
    return true;
  }

  // Errors

  std::unexpected<Error> at_this_place(std::string_view what) const {
    const std::string_view before = text_.substr(0, at_);
    const std::size_t line = static_cast<std::size_t>(std::ranges::count(before, '\n')) + 1;
    const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0.
    const auto begins_character = [](char c) {
      return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    };
    const auto column = std::ranges::count_if(before.substr(line_start), begins_character) + 1;
    return fail(ErrorCode::failed, std::to_string(line) + ":" + std::to_string(column) + " (" +
                                       std::to_string(at_) + "): " + std::string(what));
  }

  std::unexpected<Error> wrong(std::string_view rule, std::string_view what) const {
    return at_this_place("rule \"" + std::string(rule) + "\": " + std::string(what));
  }

  std::unexpected<Error> expected(std::string_view what) const {
    return at_this_place("no match found, expected: " + std::string(what));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  FilterExpression out_;
  std::vector<Group> groups_;
};

}  // namespace

Result<FilterExpression> parse_filter_expression(std::string_view text) {
  if (text.size() > filter_bytes_max) {
    return fail(ErrorCode::bad_request, "an expression of " + std::to_string(text.size()) +
                                            " bytes is longer than the " +
                                            std::to_string(filter_bytes_max) + " allowed");
  }
  return Parser(text).parse();
}

std::string_view operator_text(FilterOperator op) {
  return operator_texts[static_cast<std::size_t>(op)];
}

std::string join_path(const std::vector<std::string>& path, std::size_t names) {
  std::string out;
  for (std::size_t i = 0; i < names; ++i) {
    if (i > 0) out.push_back('.');
    out.append(path[i]);
  }
  return out;
}

}  // namespace conclave::api
