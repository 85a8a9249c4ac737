#include "api/hcl/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "api/codec/json_string.h"
#include "api/hcl/number.h"
#include "api/hcl/scanner.h"

namespace conclave::api::hcl {
namespace {

/// The members of one object while they come in.
class Members {
 public:
  Result<void> add(const Token& key, JsonValue value) {
    const bool is_list = value.if_array() != nullptr;
    auto [at, fresh] = index_.try_emplace(key.text, members_.size());
    if (fresh) {
      members_.push_back({key.text, {}, {}, is_list, key.at});
    } else if (members_[at->second].is_list != is_list) {
      const Position before = members_[at->second].at;
      return fail_at(key.at, fmt::format("{} is {} here, but {} at {}:{}", key.text,
                                         is_list ? "a list or block" : "a single value",
                                         is_list ? "a single value" : "a list or block",
                                         before.line, before.column));
    }
    Member& member = members_[at->second];
    if (is_list) {
      for (const JsonValue& element : *value.if_array()) member.list.push_back(element);
    } else {
      member.scalar = std::move(value);
    }
    return {};
  }

  JsonValue::Object take() {
    JsonValue::Object object;
    for (Member& member : members_) {
      object.emplace_back(std::move(member.name), member.is_list ? JsonValue(std::move(member.list))
                                                                 : std::move(member.scalar));
    }
    return object;
  }

 private:
  struct Member {
    std::string name;
    JsonValue scalar;
    JsonValue::Array list;
    bool is_list;
    Position at;
  };
  std::vector<Member> members_;
  std::map<std::string, std::size_t, std::less<>> index_;
};

/// One token ahead of what was read.
class Parser {
 public:
  Parser(std::string_view text, const HclLimits& limits) : scanner_(text), limits_(limits) {}

  Result<JsonValue> document() {
    CONCLAVE_TRY(step());
    CONCLAVE_TRY_ASSIGN(JsonValue::Object object, members(TokenKind::end, 0, token_.at));
    return JsonValue(std::move(object));
  }

 private:
  Result<void> step() {
    CONCLAVE_TRY_ASSIGN(token_, scanner_.next());
    return {};
  }
  bool is(TokenKind kind) const { return token_.kind == kind; }
  std::unexpected<Error> expected(std::string_view what) const {
    return fail_at(token_.at, fmt::format("expected {}, found {}", what, describe(token_)));
  }
  Result<void> check_depth(std::size_t depth) const {
    if (depth <= limits_.depth_max) return {};
    return fail_at(token_.at, fmt::format("more than {} levels", limits_.depth_max));
  }

  /// Up to and including the closing token. Commas between members may be there or not.
  Result<JsonValue::Object> members(TokenKind closing, std::size_t depth, Position begin) {
    Members out;
    while (!is(closing)) {
      if (is(TokenKind::end)) return fail_at(begin, "this block is not closed: '}' is missing");
      CONCLAVE_TRY(member(out, depth));
      if (is(TokenKind::comma)) {
        CONCLAVE_TRY(step());
      }
    }
    if (closing != TokenKind::end) {
      CONCLAVE_TRY(step());
    }
    return out.take();
  }

  Result<void> member(Members& out, std::size_t depth) {
    std::vector<Token> keys;
    while (is(TokenKind::identifier) || is(TokenKind::text)) {
      keys.push_back(std::move(token_));
      CONCLAVE_TRY(step());
      CONCLAVE_TRY(check_depth(depth + keys.size()));
    }
    if (keys.empty()) return expected("a key");
    if (is(TokenKind::object_begin)) {
      CONCLAVE_TRY_ASSIGN(JsonValue block, object_as_list(depth + keys.size()));
      for (; keys.size() > 1; keys.pop_back()) block = labelled(keys.back().text, std::move(block));
      return out.add(keys.front(), std::move(block));
    }
    if (keys.size() > 1) return expected(fmt::format("'{{' after {}", keys.back().text));
    if (!is(TokenKind::assign)) return expected(fmt::format("'=' or '{{' after {}", keys[0].text));
    CONCLAVE_TRY(step());
    auto read = is(TokenKind::object_begin) ? object_as_list(depth + 1) : value(depth + 1);
    if (!read) return std::unexpected(read.error());
    return out.add(keys.front(), std::move(*read));
  }

  static JsonValue labelled(const std::string& label, JsonValue block) {
    JsonValue::Object object;
    object.emplace_back(label, std::move(block));
    JsonValue::Array list;
    list.emplace_back(std::move(object));
    return JsonValue(std::move(list));
  }

  Result<JsonValue> object_as_list(std::size_t depth) {
    CONCLAVE_TRY_ASSIGN(JsonValue object, block(depth));
    JsonValue::Array list;
    list.push_back(std::move(object));
    return JsonValue(std::move(list));
  }

  Result<JsonValue> block(std::size_t depth) {
    CONCLAVE_TRY(check_depth(depth));
    const Position begin = token_.at;
    CONCLAVE_TRY(step());
    CONCLAVE_TRY_ASSIGN(JsonValue::Object object, members(TokenKind::object_end, depth, begin));
    return JsonValue(std::move(object));
  }

  Result<JsonValue> list(std::size_t depth) {
    CONCLAVE_TRY(check_depth(depth));
    const Position begin = token_.at;
    CONCLAVE_TRY(step());
    JsonValue::Array elements;
    while (!is(TokenKind::list_end)) {
      if (is(TokenKind::end)) return fail_at(begin, "this list is not closed: ']' is missing");
      CONCLAVE_TRY_ASSIGN(JsonValue element, value(depth + 1));
      elements.push_back(std::move(element));
      if (is(TokenKind::comma)) {
        CONCLAVE_TRY(step());
      } else if (!is(TokenKind::list_end) && !is(TokenKind::end)) {
        return expected("',' or ']' in a list");
      }
    }
    CONCLAVE_TRY(step());
    return JsonValue(std::move(elements));
  }

  Result<JsonValue> value(std::size_t depth) {
    if (is(TokenKind::object_begin)) return block(depth);
    if (is(TokenKind::list_begin)) return list(depth);
    JsonValue scalar;
    if (is(TokenKind::text)) {
      scalar = JsonValue(token_.text);
    } else if (is(TokenKind::boolean)) {
      scalar = JsonValue(token_.text == "true");
    } else if (is(TokenKind::number)) {
      auto number = read_number(token_.text);
      if (!number) {
        return fail_at(
            token_.at,
            fmt::format("{} is no number of 64 bits{}", token_.text,
                        token_.text.starts_with('0') ? " (a leading 0 means base 8)" : ""));
      }
      scalar = std::move(*number);
    } else if (is(TokenKind::identifier)) {
      return fail_at(token_.at, fmt::format("{} is no value: texts stand in quotes", token_.text));
    } else {
      return expected("a value");
    }
    CONCLAVE_TRY(step());
    return scalar;
  }

  Scanner scanner_;
  const HclLimits limits_;
  Token token_;
};

}  // namespace

Result<JsonValue> parse_hcl(std::string_view text, const HclLimits& limits) {
  if (text.size() > limits.bytes_max) {
    return fail(ErrorCode::too_large,
                fmt::format("1:1: {} bytes of HCL are too many: {} is the limit", text.size(),
                            limits.bytes_max));
  }
  const std::string repaired = repair_utf8(text);
  if (repaired != text) {
    const auto differs = std::ranges::mismatch(text, repaired).in1 - text.begin();
    return fail_at(position_of(text, static_cast<std::size_t>(differs)), "this is not valid UTF-8");
  }
  if (const auto null = text.find('\0'); null != std::string_view::npos) {
    return fail_at(position_of(text, null), "a null character");
  }
  return Parser(text, limits).document();
}

}  // namespace conclave::api::hcl
