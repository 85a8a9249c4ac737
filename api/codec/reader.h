#pragma once

/// JSON into field tables with Go's rules (contract section 0): keys without regard to case and by
/// alias, null means absent, the last duplicate wins, integers exact, unknown keys ignored or
/// (strict) refused. Durations are Go texts or nanoseconds.

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "api/codec/json_value.h"
#include "api/codec/writer.h"
#include "api/model/field.h"
#include "base/core/duration.h"
#include "base/core/result.h"
#include "base/core/text.h"

namespace conclave::api {

struct ReadRules {
  bool strict = false;  ///< Unknown keys are errors.
};

/// Overlays `json` on `out`: members that are absent or null keep their value. Errors are
/// bad_request with texts such as `json: cannot unmarshal string into field Service.Port of type
/// int64`.
template <class T>
Result<void> read_json(const JsonValue& json, T& out, const ReadRules& rules = {},
                       std::string_view path = {});

namespace detail {

Result<void> read_scalar(const JsonValue& json, bool& out, std::string_view path);
Result<void> read_scalar(const JsonValue& json, std::int64_t& out, std::string_view path);
Result<void> read_scalar(const JsonValue& json, std::uint64_t& out, std::string_view path);
Result<void> read_scalar(const JsonValue& json, double& out, std::string_view path);
Result<void> read_scalar(const JsonValue& json, std::string& out, std::string_view path);
Result<void> read_scalar(const JsonValue& json, Bytes& out, std::string_view path);
Result<void> read_scalar(const JsonValue& json, Nanos& out, std::string_view path);
std::unexpected<Error> wrong_kind(const JsonValue& json, std::string_view path,
                                  std::string_view type);
std::string joined_path(std::string_view path, std::string_view name);

/// Reads the member called `key` if the table has it under its name (or, `by_alias`, its alias).
template <Described T>
Result<bool> read_member(const JsonValue::Member& member, T& out, const ReadRules& rules,
                         std::string_view path, bool by_alias) {
  bool known = false;
  Result<void> result;
  for_each_field<T>([&](const auto& field) {
    if (known || field.show == Show::never) return;
    const std::string_view name = by_alias ? field.alias : field.name;
    if (name.empty() || !equal_ignoring_case(name, member.first)) return;
    known = true;
    result = read_json(member.second, out.*field.member, rules, joined_path(path, field.name));
  });
  if (!result.has_value()) return std::unexpected(std::move(result).error());
  return known;
}

/// True for the names of Constants, which clients send back as they read them.
template <Described T>
bool is_constant(std::string_view key) {
  bool found = false;
  auto one = [&](const auto& entry) {
    if constexpr (requires { entry.json; }) found = found || equal_ignoring_case(entry.name, key);
  };
  std::apply([&](const auto&... entry) { (one(entry), ...); }, T::fields());
  return found;
}

template <Described T>
Result<void> read_object(const JsonValue& json, T& out, const ReadRules& rules,
                         std::string_view path) {
  const auto* object = json.if_object();
  if (object == nullptr) return wrong_kind(json, path, "object");
  // Aliases first, so that Consul's own spelling wins where both are given (contract 7.1).
  for (const bool by_alias : {true, false}) {
    for (const auto& member : *object) {
      CONCLAVE_TRY_ASSIGN(const bool known, read_member(member, out, rules, path, by_alias));
      if (known || !rules.strict || by_alias || is_constant<T>(member.first)) continue;
      bool is_alias = false;
      for_each_field<T>([&](const auto& field) {
        is_alias =
            is_alias || (!field.alias.empty() && equal_ignoring_case(field.alias, member.first));
      });
      if (!is_alias) {
        return fail(ErrorCode::bad_request,
                    fmt::format("json: unknown field \"{}\"", member.first));
      }
    }
  }
  return {};
}

}  // namespace detail

template <class T>
Result<void> read_json(const JsonValue& json, T& out, const ReadRules& rules,
                       std::string_view path) {
  if constexpr (std::same_as<T, JsonValue>) {
    out = json;
    return {};
  } else if (json.is_null()) {
    return {};
  } else if constexpr (detail::is_optional<T>) {
    typename T::value_type value{};
    CONCLAVE_TRY(read_json(json, value, rules, path));
    out = std::move(value);
    return {};
  } else if constexpr (detail::is_vector<T>) {
    const auto* array = json.if_array();
    if (array == nullptr) return detail::wrong_kind(json, path, "array");
    out.clear();
    for (const JsonValue& element : *array) {
      CONCLAVE_TRY(read_json(element, out.emplace_back(), rules, path));
    }
    return {};
  } else if constexpr (detail::is_string_map<T>) {
    const auto* object = json.if_object();
    if (object == nullptr) return detail::wrong_kind(json, path, "map");
    out.clear();
    for (const auto& [key, element] : *object) {
      CONCLAVE_TRY(read_json(element, out[key] = {}, rules, path));
    }
    return {};
  } else if constexpr (Described<T>) {
    return detail::read_object(json, out, rules, path);
  } else {
    return detail::read_scalar(json, out, path);
  }
}

/// Parses `body` and reads it into a T. The error text begins with `Request decode failed: `, the
/// body of the 400 that clients see.
template <class T>
Result<T> decode_body(std::string_view body, const ReadRules& rules = {}) {
  T out{};
  Result<JsonValue> json = parse_json(body);
  if (!json.has_value()) {
    return fail(json.error().code, "Request decode failed: " + json.error().message);
  }
  if (auto read = read_json(*json, out, rules); !read.has_value()) {
    return fail(read.error().code, "Request decode failed: " + read.error().message);
  }
  return out;
}

}  // namespace conclave::api
