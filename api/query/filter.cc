#include "api/query/filter.h"

#include <re2/re2.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <variant>

#include "api/query/filter_literal.h"
#include "base/core/assert.h"

namespace conclave::api {

namespace {

using Operators = std::uint32_t;
constexpr Operators one_of(auto... op) { return ((1U << static_cast<unsigned>(op)) | ...); }

using enum FilterOperator;
constexpr Operators equality = one_of(equal, not_equal);
constexpr Operators membership = one_of(in, not_in);
constexpr Operators emptiness = one_of(is_empty, is_not_empty);
constexpr Operators patterns = one_of(matches, not_matches);
/// The odd ones are true when the ones before them are not.
constexpr Operators negative = one_of(not_equal, not_in, is_not_empty, not_matches);
/// What holds for a key that is not there.
constexpr Operators hold_for_nothing = one_of(not_equal, not_in, is_empty, not_matches);

bool has(Operators set, FilterOperator op) { return (set & one_of(op)) != 0; }

bool is_single(const FilterType& type) {
  return type.kind == FilterKind::text || type.kind == FilterKind::whole ||
         type.kind == FilterKind::natural || type.kind == FilterKind::truth;
}

Operators operators_of(const FilterType& type) {
  switch (type.kind) {
    case FilterKind::text:
      return equality | membership | patterns;
    case FilterKind::whole:
    case FilterKind::natural:
    case FilterKind::truth:
      return equality;
    case FilterKind::list:
      return emptiness | (is_single(*type.element) ? membership : 0);
    case FilterKind::map:
      return emptiness | membership;
    case FilterKind::record:
      break;
  }
  return 0;
}

/// What a value of the expression is compared as.
using Value = std::variant<std::monostate, std::string, std::int64_t, std::uint64_t, bool>;

/// One name of a selector, resolved; lists on the way are not named.
struct Hop {
  const FilterMember* member = nullptr;  ///< Null: a key of a map.
  std::string key;
};

struct Match {
  std::vector<Hop> hops;
  FilterOperator op = equal;
  Value value;
  std::unique_ptr<RE2> pattern;
};

// Binding

const FilterMember* find_member(const FilterType& type, std::string_view name) {
  const auto found = std::ranges::find(type.members, name, &FilterMember::name);
  return found == type.members.end() || name.empty() ? nullptr : &*found;
}

/// The type that a selector ends at.
Result<const FilterType*> resolve(const FilterType& root, const FilterMatch& from,
                                  std::vector<Hop>& hops) {
  const FilterType* type = &root;
  for (std::size_t i = 0; i < from.path.size(); ++i) {
    while (type->kind == FilterKind::list) type = type->element;
    const FilterMember* member = find_member(*type, from.path[i]);
    if (member == nullptr && type->kind != FilterKind::map) {
      return fail(ErrorCode::failed,
                  "Selector " + quote_go(join_path(from.path, i + 1)) + " is not valid");
    }
    hops.push_back({member, member == nullptr ? from.path[i] : std::string{}});
    type = member == nullptr ? type->element : member->type;
  }
  return type;
}

template <class T>
std::expected<Value, std::string> as_value(std::expected<T, std::string> parsed) {
  if (!parsed.has_value()) return std::unexpected(std::move(parsed).error());
  return Value(std::move(*parsed));
}

std::expected<Value, std::string> coerce(const FilterType& type, const std::string& raw) {
  switch (type.kind) {
    case FilterKind::whole:
      return as_value(parse_go_int(raw));
    case FilterKind::natural:
      return as_value(parse_go_uint(raw));
    case FilterKind::truth:
      return as_value(parse_go_bool(raw));
    case FilterKind::list:
      return coerce(*type.element, raw);
    case FilterKind::text:
    case FilterKind::map:
    case FilterKind::record:
      break;
  }
  return Value(raw);
}

Result<std::unique_ptr<RE2>> compile(const std::string& pattern) {
  RE2::Options options(RE2::Quiet);
  options.set_max_mem(filter_regex_bytes_max);
  auto compiled = std::make_unique<RE2>(pattern, options);
  if (compiled->ok()) return compiled;
  return fail(ErrorCode::failed, "Failed to compile regular expression " + quote_go(pattern) +
                                     ": error parsing regexp: " + compiled->error());
}

Result<Match> bind(const FilterType& root, FilterMatch& from) {
  Match match;
  match.op = from.op;
  CONCLAVE_TRY_ASSIGN(const FilterType* const type, resolve(root, from, match.hops));
  const auto selector = [&] { return quote_go(join_path(from.path, from.path.size())); };
  if (!has(operators_of(*type), from.op)) {
    return fail(ErrorCode::failed, "Invalid match operator " + quote_go(operator_text(from.op)) +
                                       " for selector " + selector());
  }
  if (has(emptiness, from.op)) return match;
  if (has(patterns, from.op)) {
    CONCLAVE_TRY_ASSIGN(match.pattern, compile(from.value));
    return match;
  }
  auto value = coerce(*type, from.value);
  if (!value.has_value()) {
    return fail(ErrorCode::failed, "Failed to coerce value " + quote_go(from.value) +
                                       " for selector " + selector() + ": " + value.error());
  }
  match.value = std::move(*value);
  return match;
}

// Evaluating

template <class T>
const T& as(const void* value) {
  return *static_cast<const T*>(value);
}

bool equals(const FilterType& type, const void* at, const Value& value) {
  switch (type.kind) {
    case FilterKind::text:
      return as<std::string>(at) == std::get<std::string>(value);
    case FilterKind::whole:
      return as<std::int64_t>(at) == std::get<std::int64_t>(value);
    case FilterKind::natural:
      return as<std::uint64_t>(at) == std::get<std::uint64_t>(value);
    case FilterKind::truth:
      return as<bool>(at) == std::get<bool>(value);
    case FilterKind::record:
    case FilterKind::list:
    case FilterKind::map:
      break;
  }
  CONCLAVE_ASSERT_WHY(false, "binding lets only single values be compared");
  return false;
}

bool contains(const FilterType& type, const void* at, const Value& value) {
  if (type.kind == FilterKind::text) {
    return as<std::string>(at).contains(std::get<std::string>(value));
  }
  if (type.kind == FilterKind::map) return type.find(at, std::get<std::string>(value)) != nullptr;
  for (std::size_t i = 0; i < type.size(at); ++i) {
    if (equals(*type.element, type.at(at, i), value)) return true;
  }
  return false;
}

/// The truth of a match at the value that its selector ends at.
bool holds_at(const Match& match, const FilterType& type, const void* at) {
  bool holds = false;
  if (has(equality, match.op)) {
    holds = equals(type, at, match.value);
  } else if (has(membership, match.op)) {
    holds = contains(type, at, match.value);
  } else if (has(emptiness, match.op)) {
    holds = type.size(at) == 0;
  } else {
    holds = RE2::PartialMatch(as<std::string>(at), *match.pattern);
  }
  return holds != has(negative, match.op);
}

/// Recurses as deep as the struct has lists within each other along the selector, no deeper.
bool holds_below(const Match& match, std::size_t hop, const FilterType* type, const void* at) {
  for (; hop < match.hops.size(); ++hop) {
    if (type->kind == FilterKind::list) {
      for (std::size_t i = 0; i < type->size(at); ++i) {
        if (holds_below(match, hop, type->element, type->at(at, i))) return true;
      }
      return false;
    }
    const Hop& next = match.hops[hop];
    if (next.member != nullptr) {
      at = next.member->of(at);
      type = next.member->type;
    } else {
      at = type->find(at, next.key);
      if (at == nullptr) return has(hold_for_nothing, match.op);
      type = type->element;
    }
  }
  return holds_at(match, *type, at);
}

class Program final : public BoundFilter {
 public:
  Program(const FilterType& type, std::vector<Match> matches, std::vector<FilterStep> steps)
      : type_(type), matches_(std::move(matches)), steps_(std::move(steps)) {}

  bool accepts(const void* value) const override {
    bool truth = false;
    for (std::size_t i = 0; i < steps_.size();) {
      const FilterStep& step = steps_[i];
      i += 1;
      switch (step.kind) {
        case FilterStep::Kind::match:
          truth = holds_below(matches_[step.at], 0, &type_, value);
          break;
        case FilterStep::Kind::negate:
          truth = !truth;
          break;
        case FilterStep::Kind::skip_if_false:
          if (!truth) i = step.at;
          break;
        case FilterStep::Kind::skip_if_true:
          if (truth) i = step.at;
          break;
      }
    }
    return truth;
  }

 private:
  const FilterType& type_;
  std::vector<Match> matches_;
  std::vector<FilterStep> steps_;
};

Result<std::shared_ptr<const BoundFilter>> bind_all(std::string_view text, const FilterType& type) {
  CONCLAVE_TRY_ASSIGN(FilterExpression expression, parse_filter_expression(text));
  const auto regexes = std::ranges::count_if(
      expression.matches, [](const FilterMatch& match) { return has(patterns, match.op); });
  if (static_cast<std::size_t>(regexes) > filter_regexes_max) {
    return fail(ErrorCode::bad_request, std::to_string(regexes) +
                                            " regular expressions are more than the " +
                                            std::to_string(filter_regexes_max) + " allowed");
  }
  std::vector<Match> matches;
  matches.reserve(expression.matches.size());
  for (FilterMatch& from : expression.matches) {
    CONCLAVE_TRY_ASSIGN(Match match, bind(type, from));
    matches.push_back(std::move(match));
  }
  return std::make_shared<const Program>(type, std::move(matches), std::move(expression.steps));
}

}  // namespace

Result<std::shared_ptr<const BoundFilter>> BoundFilter::parse(std::string_view expression,
                                                              const FilterType& type) {
  auto bound = bind_all(expression, type);
  if (bound.has_value()) return bound;
  return fail("Failed to create boolean expression evaluator", bound.error());
}

}  // namespace conclave::api
