#pragma once

/// What writing and reading records share: which member is written how, and the walk over a field
/// table. Included by record_impl.h only.

#include <bit>
#include <concepts>
#include <cstring>
#include <map>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "api/model/field.h"
#include "base/core/assert.h"
#include "base/core/boxed.h"
#include "base/core/duration.h"
#include "base/core/result.h"

namespace conclave::api::record {

enum class Wire : std::uint8_t { varint = 0, fixed64 = 1, sized = 2 };

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;
template <class T>
inline constexpr bool is_map = false;
template <class T>
inline constexpr bool is_map<std::map<std::string, T>> = true;
template <class T>
inline constexpr bool is_variant = false;
template <class... T>
inline constexpr bool is_variant<std::variant<T...>> = true;

template <class T>
concept Text =
    std::same_as<T, std::string> || std::same_as<T, std::string_view> || std::same_as<T, Bytes>;
template <class T>
concept Number = std::integral<T> || std::is_enum_v<T> || std::same_as<T, Nanos>;

inline std::string_view text_of(std::string_view text) { return text; }
inline std::string_view text_of(const Bytes& bytes) { return bytes.data; }

constexpr std::size_t varint_size(std::uint64_t value) {
  return (static_cast<std::size_t>(std::bit_width(value | 1)) + 6) / 7;
}

constexpr std::uint64_t zig_zag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
constexpr std::int64_t un_zig_zag(std::uint64_t value) {
  return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

/// The varint that stands for a bool, integer, enum or duration.
template <Number T>
constexpr std::uint64_t number_of(T value) {
  if constexpr (std::same_as<T, Nanos>) {
    return zig_zag(value.count());
  } else if constexpr (std::is_enum_v<T>) {
    return static_cast<std::uint64_t>(value);
  } else if constexpr (std::signed_integral<T>) {
    return zig_zag(value);
  } else {
    return static_cast<std::uint64_t>(value);
  }
}

/// The reverse; false if no T has that number.
template <Number T>
constexpr bool from_number(std::uint64_t number, T& value) {
  if constexpr (std::same_as<T, Nanos>) {
    value = Nanos(un_zig_zag(number));
  } else if constexpr (std::same_as<T, bool>) {
    value = number != 0;
    return number <= 1;
  } else if constexpr (std::is_enum_v<T>) {
    static_assert(enum_end<T> != 0, "specialise api::enum_end beside the enum");
    value = static_cast<T>(number);
    return number < enum_end<T>;
  } else if constexpr (std::signed_integral<T>) {
    static_assert(sizeof(T) == 8);
    value = un_zig_zag(number);
  } else {
    static_assert(sizeof(T) == 8);
    value = number;
  }
  return true;
}

template <class T>
consteval Wire wire_of() {
  if constexpr (Number<T>) return Wire::varint;
  if constexpr (std::same_as<T, double>) return Wire::fixed64;
  return Wire::sized;
}

template <class M>
consteval Wire field_wire() {
  if constexpr (is_optional<M> || is_vector<M>) {
    return wire_of<typename M::value_type>();
  } else {
    return wire_of<M>();
  }
}

template <Described T>
std::size_t struct_size(const T& value);
template <Described T>
char* write_struct(char* to, const T& value);
template <Described T>
bool read_struct(std::string_view bytes, T& value);

/// Calls visit.template operator()<number>(member) for every stored field in table order.
template <Described T, class Value, class Visit>
constexpr void for_each_stored(Value& value, Visit&& visit) {
  static constexpr auto table = T::fields();
  auto one = [&]<std::size_t i>() {
    constexpr auto& entry = std::get<i>(table);
    if constexpr (requires { entry.member; }) {
      if constexpr (entry.number != 0) visit.template operator()<entry.number>(value.*entry.member);
    }
  };
  [&]<std::size_t... i>(std::index_sequence<i...>) {
    (one.template operator()<i>(), ...);
  }(std::make_index_sequence<std::tuple_size_v<decltype(table)>>{});
}

/// True if the numbers of T's stored fields ascend in table order, which the encoding relies on.
template <Described T>
consteval bool numbers_ascend() {
  std::uint32_t last = 0;
  bool ascending = true;
  for_each_field<T>([&](const auto& entry) {
    if (entry.number == 0) return;
    ascending = ascending && entry.number > last;
    last = entry.number;
  });
  return ascending;
}

}  // namespace conclave::api::record
