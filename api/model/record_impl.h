#pragma once

/// How record.h is done: one pass computes the size, the next writes into memory of exactly that
/// size, so that encoding allocates nothing but the output. Included by record.h only.

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

// ---- sizes -----------------------------------------------------------------------------------

template <class T>
std::size_t element_body_size(const T& value) {
  if constexpr (Text<T>) {
    return text_of(value).size();
  } else if constexpr (is_variant<T>) {
    return std::visit(
        []<class A>(const A& alternative) {
          const std::size_t size = struct_size(alternative);
          return varint_size(std::uint64_t{A::record_tag} << 3) + varint_size(size) + size;
        },
        value);
  } else {
    return struct_size(value);
  }
}

/// Bytes of one element without its tag.
template <class T>
std::size_t element_size(const T& value) {
  if constexpr (Number<T>) {
    return varint_size(number_of(value));
  } else if constexpr (std::same_as<T, double>) {
    return 8;
  } else {
    const std::size_t size = element_body_size(value);
    return varint_size(size) + size;
  }
}

template <class M>
std::size_t field_size(std::uint32_t number, const M& member);

/// A map entry is the record {1: key, 2: value}.
template <class V>
std::size_t entry_size(const std::string& key, const V& value) {
  return field_size(1, key) + field_size(2, value);
}

/// Left out of a record: the zero of its type.
template <class M>
bool is_absent(const M& member) {
  if constexpr (Number<M>) {
    return number_of(member) == 0;
  } else if constexpr (std::same_as<M, double>) {
    return std::bit_cast<std::uint64_t>(member) == 0;
  } else if constexpr (Text<M>) {
    return text_of(member).empty();
  } else if constexpr (Described<M>) {
    return struct_size(member) == 0;
  } else {
    return false;
  }
}

template <class M>
std::size_t field_size(std::uint32_t number, const M& member) {
  const std::size_t tag_size = varint_size(std::uint64_t{number} << 3);
  if constexpr (is_optional<M>) {
    return member.has_value() ? tag_size + element_size(*member) : 0;
  } else if constexpr (is_vector<M>) {
    std::size_t size = 0;
    for (const auto& element : member) size += tag_size + element_size(element);
    return size;
  } else if constexpr (is_map<M>) {
    std::size_t size = 0;
    for (const auto& [key, value] : member) {
      const std::size_t entry = entry_size(key, value);
      size += tag_size + varint_size(entry) + entry;
    }
    return size;
  } else if constexpr (Described<M>) {
    const std::size_t size = struct_size(member);
    return size == 0 ? 0 : tag_size + varint_size(size) + size;
  } else {
    return is_absent(member) ? 0 : tag_size + element_size(member);
  }
}

template <Described T>
std::size_t struct_size(const T& value) {
  static_assert(numbers_ascend<T>(), "field numbers ascend in the table's order");
  std::size_t size = 0;
  for_each_stored<T>(
      value, [&]<std::uint32_t number>(const auto& member) { size += field_size(number, member); });
  return size;
}

// ---- writing ---------------------------------------------------------------------------------

inline char* write_varint(char* to, std::uint64_t value) {
  while (value >= 0x80) {
    *to++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *to++ = static_cast<char>(value);
  return to;
}

inline char* write_tag(char* to, std::uint32_t number, Wire wire) {
  return write_varint(to, std::uint64_t{number} << 3 | static_cast<std::uint64_t>(wire));
}

template <class T>
char* write_element(char* to, const T& value) {
  if constexpr (Number<T>) {
    return write_varint(to, number_of(value));
  } else if constexpr (std::same_as<T, double>) {
    const auto bits = std::bit_cast<std::uint64_t>(value);  // little-endian, as protobuf has it
    std::memcpy(to, &bits, 8);
    return to + 8;
  } else if constexpr (Text<T>) {
    const std::string_view text = text_of(value);
    to = write_varint(to, text.size());
    if (!text.empty()) std::memcpy(to, text.data(), text.size());
    return to + text.size();
  } else if constexpr (is_variant<T>) {
    to = write_varint(to, element_body_size(value));
    return std::visit(
        [&]<class A>(const A& alternative) {
          char* at = write_tag(to, A::record_tag, Wire::sized);
          at = write_varint(at, struct_size(alternative));
          return write_struct(at, alternative);
        },
        value);
  } else {
    to = write_varint(to, struct_size(value));
    return write_struct(to, value);
  }
}

template <class M>
char* write_field(char* to, std::uint32_t number, const M& member) {
  if constexpr (is_optional<M>) {
    if (!member.has_value()) return to;
    to = write_tag(to, number, wire_of<typename M::value_type>());
    return write_element(to, *member);
  } else if constexpr (is_vector<M>) {
    for (const auto& element : member) {
      to = write_tag(to, number, wire_of<typename M::value_type>());
      to = write_element(to, element);
    }
    return to;
  } else if constexpr (is_map<M>) {
    for (const auto& [key, value] : member) {
      to = write_tag(to, number, Wire::sized);
      to = write_varint(to, entry_size(key, value));
      to = write_field(to, 1, key);
      to = write_field(to, 2, value);
    }
    return to;
  } else {
    if (is_absent(member)) return to;
    to = write_tag(to, number, wire_of<M>());
    return write_element(to, member);
  }
}

template <Described T>
char* write_struct(char* to, const T& value) {
  for_each_stored<T>(value, [&]<std::uint32_t number>(const auto& member) {
    to = write_field(to, number, member);
  });
  return to;
}

// ---- reading ---------------------------------------------------------------------------------

/// Takes values off the front; every read says whether it could.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : at_(bytes.data()), end_(at_ + bytes.size()) {}

  bool at_end() const { return at_ == end_; }

  bool varint(std::uint64_t& value) {
    value = 0;
    for (unsigned shift = 0; shift < 64 && at_ != end_; shift += 7) {
      const auto byte = static_cast<std::uint8_t>(*at_++);
      if (shift == 63 && byte > 1) return false;
      value |= std::uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return byte != 0 || shift == 0;  // a last group of 0 has a shorter spelling
    }
    return false;
  }
  bool fixed64(double& value) {
    if (end_ - at_ < 8) return false;
    std::memcpy(&value, at_, 8);
    at_ += 8;
    return true;
  }
  bool sized(std::string_view& bytes) {
    std::uint64_t size = 0;
    if (!varint(size) || size > static_cast<std::uint64_t>(end_ - at_)) return false;
    bytes = std::string_view(at_, static_cast<std::size_t>(size));
    at_ += size;
    return true;
  }

 private:
  const char* at_;
  const char* end_;
};

/// What a member is when its field is absent. Members may have other defaults (Weights), so a
/// decoder begins with this.
template <class M>
void set_absent(M& member) {
  if constexpr (Described<M>) {
    for_each_stored<M>(member, []<std::uint32_t>(auto& inner) { set_absent(inner); });
  } else {
    member = M{};
  }
}

template <class... A>
bool read_variant(std::string_view bytes, std::variant<A...>& value) {
  Cursor cursor(bytes);
  std::uint64_t tag = 0;
  std::string_view body;
  if (!cursor.varint(tag) || (tag & 7) != static_cast<std::uint64_t>(Wire::sized) ||
      !cursor.sized(body) || !cursor.at_end()) {
    return false;
  }
  auto one = [&]<class T>(std::type_identity<T>) {
    return tag >> 3 == T::record_tag && read_struct(body, value.template emplace<T>());
  };
  return (one(std::type_identity<A>{}) || ...);
}

template <class T>
bool read_element(Cursor& cursor, T& value) {
  if constexpr (Number<T>) {
    std::uint64_t number = 0;
    return cursor.varint(number) && from_number(number, value);
  } else if constexpr (std::same_as<T, double>) {
    return cursor.fixed64(value);
  } else {
    std::string_view bytes;
    if (!cursor.sized(bytes)) return false;
    if constexpr (std::same_as<T, Bytes>) {
      value.data = bytes;
      return true;
    } else if constexpr (Text<T>) {
      value = bytes;
      return true;
    } else if constexpr (is_variant<T>) {
      return read_variant(bytes, value);
    } else {
      return read_struct(bytes, value);
    }
  }
}

template <class M>
bool read_field(Cursor& cursor, M& member);

template <class V>
bool read_entry(std::string_view bytes, std::string& key, V& value) {
  Cursor cursor(bytes);
  set_absent(value);
  std::uint64_t last = 0;
  while (!cursor.at_end()) {
    std::uint64_t tag = 0;
    if (!cursor.varint(tag)) return false;
    const bool repeated = is_vector<V> || is_map<V>;
    if (tag >> 3 < last || (tag >> 3 == last && !(last == 2 && repeated))) return false;
    last = tag >> 3;
    const Wire wire = last == 1 ? Wire::sized : field_wire<V>();
    if ((tag & 7) != static_cast<std::uint64_t>(wire)) return false;
    if (last == 1 ? !read_field(cursor, key) : last != 2 || !read_field(cursor, value)) {
      return false;
    }
  }
  return true;
}

/// Reads one occurrence of a field whose tag was taken.
template <class M>
bool read_field(Cursor& cursor, M& member) {
  if constexpr (is_optional<M>) {
    return read_element(cursor, member.emplace());
  } else if constexpr (is_vector<M>) {
    return read_element(cursor, member.emplace_back());
  } else if constexpr (is_map<M>) {
    std::string_view bytes;
    std::string key;
    typename M::mapped_type value;
    if (!cursor.sized(bytes) || !read_entry(bytes, key, value)) return false;
    if (!member.empty() && !(member.rbegin()->first < key)) return false;
    member.emplace_hint(member.end(), std::move(key), std::move(value));
    return true;
  } else {
    return read_element(cursor, member) && !is_absent(member);
  }
}

template <Described T>
bool read_struct(std::string_view bytes, T& value) {
  set_absent(value);
  Cursor cursor(bytes);
  std::uint64_t last = 0;
  std::uint64_t variants_wanted = 0;
  for_each_stored<T>(value, [&]<std::uint32_t number>(auto& member) {
    if constexpr (is_variant<std::remove_cvref_t<decltype(member)>>) ++variants_wanted;
  });
  while (!cursor.at_end()) {
    std::uint64_t tag = 0;
    if (!cursor.varint(tag) || tag >> 3 < last) return false;
    const bool again = tag >> 3 == last;
    last = tag >> 3;
    bool read = false;
    for_each_stored<T>(value, [&]<std::uint32_t number>(auto& member) {
      using M = std::remove_cvref_t<decltype(member)>;
      if (last != number || (again && !(is_vector<M> || is_map<M>))) return;
      if ((tag & 7) != static_cast<std::uint64_t>(field_wire<M>())) return;
      read = read_field(cursor, member);
      if constexpr (is_variant<M>) --variants_wanted;
    });
    if (!read) return false;
  }
  return variants_wanted == 0;
}

}  // namespace conclave::api::record

namespace conclave::api {

template <Described T>
void append_record(std::string& out, const T& value) {
  const std::size_t before = out.size();
  const std::size_t size = record::struct_size(value);
  if (size == 0) return;
  // libstdc++ 12 hands the new capacity to the callable, not the size that was asked for.
  out.resize_and_overwrite(before + size, [&](char* data, std::size_t) {
    char* end = record::write_struct(data + before, value);
    CONCLAVE_ASSERT(end == data + before + size);
    return before + size;
  });
}

template <Described T>
Result<T> decode_record(std::string_view bytes) {
  Result<T> value;
  if (!record::read_struct(bytes, *value)) {
    return fail(ErrorCode::corrupt, "these bytes are not a record of the expected kind");
  }
  return value;
}

}  // namespace conclave::api
