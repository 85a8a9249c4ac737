#pragma once

/// Reading records, strictly: exactly what an encoder writes is accepted. Included by record_impl.h
/// only.

#include "api/model/record_fields.h"
#include "api/model/record_write.h"

namespace conclave::api::record {

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
    return tag >> 3 == Unboxed<T>::record_tag &&
           read_struct(body, unboxed(value.template emplace<T>()));
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
