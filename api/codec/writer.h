#pragma once

/// JSON out of field tables: append-only, compact, byte for byte what Consul writes (contract
/// section 0). Members come in table order, maps sorted by key; when a member appears is its Show.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "api/codec/json_string.h"
#include "api/model/field.h"
#include "base/core/duration.h"

namespace conclave::api {

class JsonValue;

namespace detail {

template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;
template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_string_map = false;
template <class T>
inline constexpr bool is_string_map<std::map<std::string, T>> = true;

void append_json_integer(std::string& out, std::int64_t value);
void append_json_integer(std::string& out, std::uint64_t value);
void append_json_double(std::string& out, double value);
/// Base64 in quotes, null when empty.
void append_json_bytes(std::string& out, std::string_view bytes);

/// What Go's omitempty leaves out. A struct is never empty.
template <class T>
bool is_empty(const T& value) {
  if constexpr (std::is_arithmetic_v<T>) {
    return value == T{};
  } else if constexpr (std::same_as<T, Nanos>) {
    return value == Nanos{};
  } else if constexpr (std::same_as<T, Bytes>) {
    return value.data.empty();
  } else if constexpr (is_optional<T>) {
    return !value.has_value();
  } else if constexpr (Described<T>) {
    return false;
  } else {
    return value.empty();
  }
}

}  // namespace detail

/// Appends `value` as JSON. T: bool, integers, double, std::string, std::string_view, Bytes (base64
/// or null), Nanos (integer nanoseconds), a Described struct, optional (null when empty), vector,
/// map<std::string, T>, JsonValue.
template <class T>
void write_json(std::string& out, const T& value);

namespace detail {

template <Described T>
void write_members(std::string& out, const T& value) {
  bool first = true;
  auto name_of = [&](std::string_view name) {
    if (!first) out.push_back(',');
    first = false;
    out.push_back('"');
    out.append(name);
    out.append("\":");
  };
  auto one = [&](const auto& entry) {
    if constexpr (requires { entry.json; }) {
      name_of(entry.name);
      out.append(entry.json);
    } else {
      if (entry.show == Show::never) return;
      const auto& member = value.*entry.member;
      const bool empty = is_empty(member);
      if (entry.show == Show::omit_empty && empty) return;
      name_of(entry.name);
      if (entry.show == Show::null_if_empty && empty) {
        out.append("null");
      } else {
        write_json(out, member);
      }
    }
  };
  std::apply([&](const auto&... entry) { (one(entry), ...); }, T::fields());
}

}  // namespace detail

template <class T>
void write_json(std::string& out, const T& value) {
  if constexpr (std::same_as<T, bool>) {
    out.append(value ? "true" : "false");
  } else if constexpr (std::is_unsigned_v<T>) {
    detail::append_json_integer(out, static_cast<std::uint64_t>(value));
  } else if constexpr (std::is_integral_v<T>) {
    detail::append_json_integer(out, static_cast<std::int64_t>(value));
  } else if constexpr (std::is_floating_point_v<T>) {
    detail::append_json_double(out, value);
  } else if constexpr (std::same_as<T, Nanos>) {
    detail::append_json_integer(out, static_cast<std::int64_t>(value.count()));
  } else if constexpr (std::same_as<T, Bytes>) {
    detail::append_json_bytes(out, value.data);
  } else if constexpr (std::convertible_to<const T&, std::string_view>) {
    append_json_string(out, value);
  } else if constexpr (std::same_as<T, JsonValue>) {
    value.append_to(out);
  } else if constexpr (detail::is_optional<T>) {
    if (value.has_value()) {
      write_json(out, *value);
    } else {
      out.append("null");
    }
  } else if constexpr (detail::is_vector<T>) {
    out.push_back('[');
    bool first = true;
    for (const auto& element : value) {
      if (!first) out.push_back(',');
      first = false;
      write_json(out, element);
    }
    out.push_back(']');
  } else if constexpr (detail::is_string_map<T>) {
    out.push_back('{');
    bool first = true;
    for (const auto& [key, element] : value) {
      if (!first) out.push_back(',');
      first = false;
      append_json_string(out, key);
      out.push_back(':');
      write_json(out, element);
    }
    out.push_back('}');
  } else {
    static_assert(Described<T>, "no field table, no JSON");
    out.push_back('{');
    detail::write_members(out, value);
    out.push_back('}');
  }
}

template <class T>
std::string to_json(const T& value) {
  std::string out;
  write_json(out, value);
  return out;
}

/// Writes one JSON object member by member, for shapes that no struct has:
///   JsonObject object(out); object.add("ID", id).add_raw("Errors", "null"); object.end();
class JsonObject {
 public:
  explicit JsonObject(std::string& out) : out_(out) { out_.push_back('{'); }

  template <class T>
  JsonObject& add(std::string_view name, const T& value) {
    write_json(begin_member(name), value);
    return *this;
  }
  /// `json` is valid JSON already.
  JsonObject& add_raw(std::string_view name, std::string_view json) {
    begin_member(name).append(json);
    return *this;
  }
  /// Appends the name; the caller appends the value to what is returned.
  std::string& begin_member(std::string_view name) {
    if (!first_) out_.push_back(',');
    first_ = false;
    append_json_string(out_, name);
    out_.push_back(':');
    return out_;
  }
  void end() { out_.push_back('}'); }

 private:
  std::string& out_;
  bool first_ = true;
};

}  // namespace conclave::api
