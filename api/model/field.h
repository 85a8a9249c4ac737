#pragma once

/// The field table: each model struct names its members once, and everything that needs their names
/// reads that table: JSON both ways (api/codec), configuration files, filter selectors, stored rows
/// and log entries (api/model/record.h), and the check of the OpenAPI document.
///
///   struct Weights {
///     std::int64_t passing = 1;
///     static constexpr auto fields() { return std::tuple{field(1, "Passing", &Weights::passing)};
///     }
///   };
///
/// A struct with such a function is Described. Members may be: bool, int64_t, uint64_t, double,
/// std::string, Bytes, Nanos, an enum with an enum_end, another Described struct, std::optional<T>,
/// std::vector<T>, std::map<std::string, T>, and (in records only) std::variant and
/// std::string_view, which borrows from the bytes that were decoded.

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>

namespace conclave::api {

/// When a member appears in JSON output. Reading accepts every name that is not `never`.
enum class Show : std::uint8_t {
  always,         ///< "", 0, false, [] and {} are written as such.
  omit_empty,     ///< Left out when empty or zero (Go's omitempty).
  null_if_empty,  ///< Written as null when empty (Go's nil slices and maps).
  never,          ///< Kept in records only.
};

template <class Owner, class Value>
struct Field {
  std::uint32_t number;   ///< Tag in records; never reused, 0 = not stored.
  std::string_view name;  ///< JSON name as Consul spells it.
  Value Owner::* member;
  Show show;
  std::string_view alias;  ///< A second name accepted on input (snake_case), or empty.
};

template <class Owner, class Value>
constexpr Field<Owner, Value> field(std::uint32_t number, std::string_view name,
                                    Value Owner::* member, Show show = Show::always,
                                    std::string_view alias = {}) {
  return {number, name, member, show, alias};
}

/// A member that clients expect to see but that has one value only, e.g. "Connect":{}.
struct Constant {
  std::string_view name;
  std::string_view json;
};

/// Bytes that JSON shows as base64, null when empty (KV values).
struct Bytes {
  std::string data;
  friend bool operator==(const Bytes&, const Bytes&) = default;
  friend auto operator<=>(const Bytes&, const Bytes&) = default;
};

/// One past the largest value of an enum whose values are 0, 1, 2, ...: records refuse the rest.
/// Every enum that is a member of a Described struct specialises it beside its definition.
template <class E>
inline constexpr std::uint64_t enum_end = 0;

template <class T>
concept Described = requires { T::fields(); };

/// Calls visit(field) for every Field of T in table order, skipping Constants.
template <Described T, class Visit>
constexpr void for_each_field(Visit&& visit) {
  auto one = [&](const auto& entry) {
    if constexpr (requires { entry.member; }) visit(entry);
  };
  std::apply([&](const auto&... entry) { (one(entry), ...); }, T::fields());
}

}  // namespace conclave::api
