#pragma once

/// Writing records: one pass computes the size, the next writes into memory of exactly that size,
/// so that encoding allocates nothing but the output. Included by record_impl.h only.

#include "api/model/record_fields.h"

namespace conclave::api::record {

template <class T>
std::size_t element_body_size(const T& value) {
  if constexpr (Text<T>) {
    return text_of(value).size();
  } else if constexpr (is_variant<T>) {
    return std::visit(
        []<class A>(const A& alternative) {
          const std::size_t size = struct_size(unboxed(alternative));
          return varint_size(std::uint64_t{Unboxed<A>::record_tag} << 3) + varint_size(size) + size;
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
          char* at = write_tag(to, Unboxed<A>::record_tag, Wire::sized);
          at = write_varint(at, struct_size(unboxed(alternative)));
          return write_struct(at, unboxed(alternative));
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

}  // namespace conclave::api::record
