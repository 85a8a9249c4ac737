#pragma once

/// What a selector can name in a struct, made from its field table (api/model/field.h): one
/// FilterType for each C++ type, built by the compiler, so that binding and evaluating expressions
/// are ordinary functions over pointers to values of a known FilterType.
///
/// Selectable are the members that Consul's structs show to filters: not the indexes, not the
/// content hash, not the definition of a check (contract 10). Members that Consul has and Conclave
/// does not keep read as their zero value (api/query/filter_absent.h).

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "api/model/field.h"

namespace conclave::api {

enum class FilterKind : std::uint8_t {
  text,     ///< std::string
  whole,    ///< std::int64_t
  natural,  ///< std::uint64_t
  truth,    ///< bool
  record,   ///< A Described struct.
  list,     ///< std::vector
  map,      ///< std::map from std::string
};

struct FilterType;

struct FilterMember {
  std::string_view name;
  const FilterType* type = nullptr;
  const void* (*of)(const void* record) = nullptr;
};

struct FilterType {
  FilterKind kind = FilterKind::text;
  std::span<const FilterMember> members;                           ///< Of a record.
  const FilterType* element = nullptr;                             ///< Of a list or map.
  std::size_t (*size)(const void*) = nullptr;                      ///< Of a list or map.
  const void* (*at)(const void*, std::size_t) = nullptr;           ///< Of a list.
  const void* (*find)(const void*, const std::string&) = nullptr;  ///< Of a map; may be null.
};

/// A member that is not in our struct.
template <class Value>
struct Absent {
  std::string_view name;
};
/// Specialised in api/query/filter_absent.h.
template <class T>
inline constexpr std::tuple<> absent_members{};

namespace filter {

constexpr std::array<std::string_view, 4> not_selectable = {"CreateIndex", "ModifyIndex",
                                                            "ContentHash", "Definition"};

template <class T>
inline constexpr bool is_list = false;
template <class T>
inline constexpr bool is_list<std::vector<T>> = true;
template <class T>
inline constexpr bool is_map = false;
template <class T>
inline constexpr bool is_map<std::map<std::string, T>> = true;

template <class T>
concept Selectable = std::same_as<T, std::string> || std::same_as<T, std::int64_t> ||
                     std::same_as<T, std::uint64_t> || std::same_as<T, bool> || Described<T> ||
                     is_list<T> || is_map<T>;

template <class T>
consteval FilterType make_type();

template <class T>
inline constexpr FilterType type_of = make_type<T>();

/// The zero value that an absent member reads as.
template <class T>
inline const T zero{};

template <class Owner>
inline constexpr std::size_t table_size = std::tuple_size_v<decltype(Owner::fields())>;
template <class Owner>
inline constexpr std::size_t absent_size =
    std::tuple_size_v<std::remove_cvref_t<decltype(absent_members<Owner>)>>;

template <class Owner, std::size_t index>
constexpr FilterMember member_of_table() {
  constexpr auto entry = std::get<index>(Owner::fields());
  if constexpr (requires { entry.member; }) {
    using Value = std::remove_cvref_t<decltype(std::declval<Owner>().*entry.member)>;
    if constexpr (Selectable<Value>) {
      if (std::ranges::find(not_selectable, entry.name) != not_selectable.end()) return {};
      return {entry.name, &type_of<Value>, [](const void* record) -> const void* {
                constexpr auto member = std::get<index>(Owner::fields()).member;
                return &(static_cast<const Owner*>(record)->*member);
              }};
    }
  }
  return {};
}

template <class Value>
constexpr FilterMember absent_member(const Absent<Value>& absent) {
  return {absent.name, &type_of<Value>, [](const void*) -> const void* { return &zero<Value>; }};
}

/// Of a struct, in the order of its table; entries without a name are not selectable.
template <class Owner>
inline constexpr auto members_of = [] {
  std::array<FilterMember, table_size<Owner> + absent_size<Owner>> members{};
  [&]<std::size_t... index>(std::index_sequence<index...>) {
    ((members[index] = member_of_table<Owner, index>()), ...);
  }(std::make_index_sequence<table_size<Owner>>{});
  [&]<std::size_t... index>(std::index_sequence<index...>) {
    ((members[table_size<Owner> + index] = absent_member(std::get<index>(absent_members<Owner>))),
     ...);
  }(std::make_index_sequence<absent_size<Owner>>{});
  return members;
}();

template <class T>
consteval FilterType make_type() {
  static_assert(Selectable<T>);
  FilterType type;
  if constexpr (std::same_as<T, std::string>) {
    type.kind = FilterKind::text;
  } else if constexpr (std::same_as<T, std::int64_t>) {
    type.kind = FilterKind::whole;
  } else if constexpr (std::same_as<T, std::uint64_t>) {
    type.kind = FilterKind::natural;
  } else if constexpr (std::same_as<T, bool>) {
    type.kind = FilterKind::truth;
  } else if constexpr (Described<T>) {
    type.kind = FilterKind::record;
    type.members = members_of<T>;
  } else if constexpr (is_list<T>) {
    type.kind = FilterKind::list;
    type.element = &type_of<typename T::value_type>;
    type.size = [](const void* list) { return static_cast<const T*>(list)->size(); };
    type.at = [](const void* list, std::size_t index) -> const void* {
      return &(*static_cast<const T*>(list))[index];
    };
  } else {
    type.kind = FilterKind::map;
    type.element = &type_of<typename T::mapped_type>;
    type.size = [](const void* map) { return static_cast<const T*>(map)->size(); };
    type.find = [](const void* map, const std::string& key) -> const void* {
      const auto found = static_cast<const T*>(map)->find(key);
      return found == static_cast<const T*>(map)->end() ? nullptr : &found->second;
    };
  }
  return type;
}

}  // namespace filter

}  // namespace conclave::api
