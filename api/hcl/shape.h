#pragma once

/// HCL cannot say whether `check { ... }` is an object or the first of several, so it comes as a
/// list of one (api/hcl/parser.h). The field tables know: `fitted` takes objects out of such lists
/// where a struct or a map is meant, and puts them into one where a list is.

#include <type_traits>

#include "api/codec/json_value.h"
#include "api/codec/reader.h"
#include "api/model/field.h"
#include "base/core/text.h"

namespace conclave::api::hcl {

template <class T>
JsonValue fitted(const JsonValue& json);

namespace detail {

/// The only element of a list, if that is an object; else the value itself.
inline const JsonValue& only_object(const JsonValue& json) {
  const auto* array = json.if_array();
  const bool one = array != nullptr && array->size() == 1 && array->front().if_object() != nullptr;
  return one ? array->front() : json;
}

template <Described T>
JsonValue fitted_member(const JsonValue::Member& member) {
  JsonValue value = member.second;
  for_each_field<T>([&](const auto& field) {
    const bool named = equal_ignoring_case(field.name, member.first) ||
                       (!field.alias.empty() && equal_ignoring_case(field.alias, member.first));
    using Value = std::remove_cvref_t<decltype(std::declval<T&>().*field.member)>;
    if (named) value = fitted<Value>(member.second);
  });
  return value;
}

}  // namespace detail

/// What is not known, or of a kind that T is not, stays as it is: reading it says what is wrong.
template <class T>
JsonValue fitted(const JsonValue& json) {
  if constexpr (api::detail::is_optional<T>) {
    return fitted<typename T::value_type>(json);
  } else if constexpr (api::detail::is_vector<T>) {
    JsonValue::Array list;
    if (json.if_object() != nullptr) {
      list.push_back(fitted<typename T::value_type>(json));
    } else if (const auto* array = json.if_array()) {
      for (const JsonValue& element : *array) {
        list.push_back(fitted<typename T::value_type>(element));
      }
    } else {
      return json;
    }
    return JsonValue(std::move(list));
  } else if constexpr (Described<T> || api::detail::is_string_map<T>) {
    const auto* object = detail::only_object(json).if_object();
    if (object == nullptr) return json;
    JsonValue::Object members;
    for (const JsonValue::Member& member : *object) {
      if constexpr (Described<T>) {
        members.emplace_back(member.first, detail::fitted_member<T>(member));
      } else {
        members.emplace_back(member.first, fitted<typename T::mapped_type>(member.second));
      }
    }
    return JsonValue(std::move(members));
  } else {
    return json;
  }
}

}  // namespace conclave::api::hcl
