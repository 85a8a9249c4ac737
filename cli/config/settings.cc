#include "cli/config/settings.h"

#include <fmt/format.h>

#include "base/core/text.h"

namespace conclave::cli {
namespace {

using api::JsonValue;

std::string to_json(const JsonValue& value) {
  std::string text;
  value.append_to(text);
  return text;
}

std::unexpected<Error> wrong_type(const std::string& source, std::string_view path,
                                  std::string_view wanted, const JsonValue& value) {
  std::string shown = to_json(value);
  if (shown.size() > 60) shown = shown.substr(0, 57) + "...";
  return fail(ErrorCode::bad_request,
              fmt::format("{}: {} must be {}, not {}", source, path, wanted, shown));
}

std::optional<bool> parse_bool(std::string_view text) {
  for (std::string_view yes : {"1", "t", "T", "true", "TRUE", "True"}) {
    if (text == yes) return true;
  }
  for (std::string_view no : {"0", "f", "F", "false", "FALSE", "False"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

std::optional<std::int64_t> to_integer(const JsonValue& value) {
  std::int64_t whole = 0;
  if (value.to_i64(whole)) return whole;
  if (const std::string* text = value.if_string()) return parse_i64(*text);
  double number = 0;
  if (!value.to_double(number) || !(number > -9e15 && number < 9e15)) return std::nullopt;
  whole = static_cast<std::int64_t>(number);
  return static_cast<double>(whole) == number ? std::optional(whole) : std::nullopt;
}

/// A scalar as text; nullopt for lists, objects and null.
std::optional<std::string> to_text(const JsonValue& value) {
  if (const std::string* text = value.if_string()) return *text;
  if (value.is_number() || value.if_bool() != nullptr) return to_json(value);
  return std::nullopt;
}

std::optional<TextList> to_text_list(const JsonValue& value) {
  TextList list;
  if (const auto* array = value.if_array()) {
    for (const JsonValue& element : *array) {
      auto text = to_text(element);
      if (!text) return std::nullopt;
      list.push_back(std::move(*text));
    }
    return list;
  }
  auto text = to_text(value);
  if (!text) return std::nullopt;
  list.push_back(std::move(*text));
  return list;
}

std::optional<TextMap> to_text_map(const JsonValue& value) {
  const auto* object = value.if_object();
  if (object == nullptr) return std::nullopt;
  TextMap map;
  for (const auto& [name, element] : *object) {
    auto text = to_text(element);
    if (!text) return std::nullopt;
    map.insert_or_assign(name, std::move(*text));
  }
  return map;
}

/// HCL and old files write an object as a list of one.
const JsonValue& unwrapped(const JsonValue& value) {
  const auto* array = value.if_array();
  return array != nullptr && array->size() == 1 && (*array)[0].if_object() != nullptr ? (*array)[0]
                                                                                      : value;
}

}  // namespace

bool is_set(const SettingValue& value) {
  struct Visitor {
    bool operator()(bool on) const { return on; }
    bool operator()(std::int64_t number) const { return number > 0; }
    bool operator()(const std::string& text) const { return !text.empty(); }
    bool operator()(const TextList& list) const { return !list.empty(); }
    bool operator()(const TextMap& map) const { return !map.empty(); }
    bool operator()(const JsonValue& any) const {
      if (const auto* array = any.if_array()) return !array->empty();
      if (const auto* object = any.if_object()) return !object->empty();
      return !any.is_null();
    }
  };
  return std::visit(Visitor{}, value);
}

Result<void> Settings::merge(const JsonValue& document, const std::string& source) {
  const auto* object = document.if_object();
  if (object == nullptr) {
    return fail(ErrorCode::bad_request, source + ": must hold one JSON object");
  }
  return merge_object(*object, "", source);
}

Result<void> Settings::merge_object(const JsonValue::Object& object, const std::string& prefix,
                                    const std::string& source) {
  for (const auto& [name, value] : object) {
    std::string path = prefix + name;
    const KeyRule* rule = find_key_rule(path);
    if (rule == nullptr && !is_key_group(path)) {
      const std::string lower = prefix + to_lower_ascii(name);
      if (find_key_rule(lower) == nullptr && !is_key_group(lower)) {
        return fail(ErrorCode::bad_request,
                    fmt::format("{}: invalid config key {} (the nearest known key is {})", source,
                                path, nearest_key(path)));
      }
      path = lower;
      rule = find_key_rule(path);
    }
    if (value.is_null()) continue;
    if (rule != nullptr) {
      CONCLAVE_TRY(merge_leaf(*rule, value, source));
      continue;
    }
    const auto* group = unwrapped(value).if_object();
    if (group == nullptr) return wrong_type(source, path, "an object", value);
    CONCLAVE_TRY(merge_object(*group, path + ".", source));
  }
  return {};
}

Result<void> Settings::merge_leaf(const KeyRule& rule, const JsonValue& value,
                                  const std::string& source) {
  switch (rule.type) {
    case KeyType::boolean: {
      std::optional<bool> flag;
      if (const bool* given = value.if_bool()) flag = *given;
      if (const std::string* text = value.if_string()) flag = parse_bool(*text);
      if (!flag) return wrong_type(source, rule.path, "true or false", value);
      store(rule, *flag, source);
      return {};
    }
    case KeyType::integer: {
      const auto number = to_integer(value);
      if (!number) return wrong_type(source, rule.path, "a whole number", value);
      store(rule, *number, source);
      return {};
    }
    case KeyType::text:
    case KeyType::duration: {
      const bool duration = rule.type == KeyType::duration;
      auto text = to_text(value);
      if (!text || value.if_bool() != nullptr) {
        return wrong_type(source, rule.path, duration ? "a duration such as \"10s\"" : "a string",
                          value);
      }
      if (duration && value.is_number()) *text += "ns";
      store(rule, std::move(*text), source);
      return {};
    }
    case KeyType::text_list: {
      auto list = to_text_list(value);
      if (!list) return wrong_type(source, rule.path, "a list of strings", value);
      store(rule, std::move(*list), source);
      return {};
    }
    case KeyType::text_map: {
      auto map = to_text_map(unwrapped(value));
      if (!map) return wrong_type(source, rule.path, "an object of strings", value);
      store(rule, std::move(*map), source);
      return {};
    }
    case KeyType::definitions:
      return add_definitions(rule, value, source);
    case KeyType::any:
      store(rule, value, source);
      return {};
  }
  return {};
}

Result<void> Settings::add_definitions(const KeyRule& rule, const JsonValue& value,
                                       const std::string& source) {
  const std::string kind = rule.path.starts_with("service") ? "service"
                           : rule.path.starts_with("check") ? "check"
                                                            : "watch";
  auto add = [&](const JsonValue& one) -> Result<void> {
    if (one.if_object() == nullptr) return wrong_type(source, rule.path, "an object", one);
    definitions_.push_back({kind, source, one});
    return {};
  };
  const auto* array = value.if_array();
  if (array == nullptr) return add(value);
  for (const JsonValue& one : *array) CONCLAVE_TRY(add(one));
  return {};
}

void Settings::store(const KeyRule& rule, SettingValue value, const std::string& source) {
  auto [at, fresh] = settings_.try_emplace(std::string(rule.path));
  Setting& setting = at->second;
  setting.source = source;
  if (!fresh) {
    if (auto* list = std::get_if<TextList>(&setting.value)) {
      auto& more = std::get<TextList>(value);
      list->insert(list->end(), more.begin(), more.end());
      return;
    }
    if (auto* map = std::get_if<TextMap>(&setting.value)) {
      for (auto& [name, text] : std::get<TextMap>(value)) map->insert_or_assign(name, text);
      return;
    }
  }
  setting.value = std::move(value);
}

Result<void> Settings::set_text(std::string_view path, std::string_view text,
                                const std::string& source) {
  const KeyRule* rule = find_key_rule(path);
  if (rule == nullptr) return fail(ErrorCode::bad_request, source + ": unknown key");
  return merge_leaf(*rule, JsonValue(std::string(text)), source);
}

void Settings::set_pair(std::string_view path, std::string name, std::string value,
                        const std::string& source) {
  TextMap pair;
  pair.emplace(std::move(name), std::move(value));
  store(*find_key_rule(path), std::move(pair), source);
}

const Setting* Settings::find(std::string_view path) const {
  const auto at = settings_.find(path);
  return at == settings_.end() ? nullptr : &at->second;
}

std::optional<bool> Settings::boolean(std::string_view path) const {
  const Setting* setting = find(path);
  return setting == nullptr ? std::nullopt : std::optional(std::get<bool>(setting->value));
}

std::optional<std::int64_t> Settings::integer(std::string_view path) const {
  const Setting* setting = find(path);
  return setting == nullptr ? std::nullopt : std::optional(std::get<std::int64_t>(setting->value));
}

std::optional<std::string> Settings::text(std::string_view path) const {
  const Setting* setting = find(path);
  return setting == nullptr ? std::nullopt : std::optional(std::get<std::string>(setting->value));
}

Result<std::optional<Nanos>> Settings::duration(std::string_view path) const {
  const auto given = text(path);
  if (!given || given->empty()) return std::nullopt;
  auto parsed = parse_duration(*given);
  if (!parsed) return fail(place_of(path), parsed.error());
  return *parsed;
}

TextList Settings::text_list(std::string_view path) const {
  const Setting* setting = find(path);
  return setting == nullptr ? TextList{} : std::get<TextList>(setting->value);
}

TextMap Settings::text_map(std::string_view path) const {
  const Setting* setting = find(path);
  return setting == nullptr ? TextMap{} : std::get<TextMap>(setting->value);
}

std::string Settings::place_of(std::string_view path) const {
  const Setting* setting = find(path);
  return setting == nullptr ? std::string(path) : fmt::format("{}: {}", setting->source, path);
}

Result<void> Settings::check_refused() const {
  for (const auto& [path, setting] : settings_) {
    const KeyRule& rule = *find_key_rule(path);
    if (rule.key_class == KeyClass::refused && is_set(setting.value)) {
      return fail(ErrorCode::bad_request,
                  fmt::format("{}: {} is not supported yet: {}", setting.source, path, rule.why));
    }
  }
  return {};
}

std::vector<std::string> Settings::warnings() const {
  std::vector<std::string> sentences;
  for (const auto& [path, setting] : settings_) {
    const KeyRule& rule = *find_key_rule(path);
    if (rule.key_class == KeyClass::later && is_set(setting.value)) {
      sentences.push_back(fmt::format("{}: {} has no effect: {}", setting.source, path, rule.why));
    }
  }
  return sentences;
}

}  // namespace conclave::cli
