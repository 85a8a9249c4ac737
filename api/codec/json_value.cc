#include "api/codec/json_value.h"

#include <fmt/format.h>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/src.hpp>
#include <charconv>
#include <cmath>
#include <limits>

#include "api/codec/json_string.h"
#include "api/codec/writer.h"
#include "base/core/text.h"

namespace conclave::api {

namespace {

/// Builds the tree from the parser's events. Boost's own tree is not used, so that its headers stay
/// in this file.
class TreeBuilder {
 public:
  // Boost.JSON compares sizes against these limits itself; the document is bounded as a whole.
  static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();

  using code = boost::json::error_code;
  using view = boost::json::string_view;

  bool on_document_begin(code&) { return true; }
  bool on_document_end(code&) { return true; }
  bool on_object_begin(code&) { return open(JsonValue(JsonValue::Object{})); }
  bool on_object_end(std::size_t, code&) { return close(); }
  bool on_array_begin(code&) { return open(JsonValue(JsonValue::Array{})); }
  bool on_array_end(std::size_t, code&) { return close(); }
  bool on_key_part(view part, std::size_t, code&) { return gather(part); }
  bool on_key(view part, std::size_t, code&) {
    gather(part);
    open_.back().key = take_text();
    return true;
  }
  bool on_string_part(view part, std::size_t, code&) { return gather(part); }
  bool on_string(view part, std::size_t, code&) {
    gather(part);
    return add(JsonValue(take_text()));
  }
  bool on_number_part(view part, code&) { return gather(part); }
  bool on_int64(std::int64_t value, view, code&) { return text_.clear(), add(JsonValue(value)); }
  bool on_uint64(std::uint64_t value, view, code&) { return text_.clear(), add(JsonValue(value)); }
  bool on_double(double value, view part, code&) {
    gather(part);
    // Boost's value may be off by some last digits; beyond the range of double it will do.
    const std::string digits = std::exchange(text_, {});
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return add(JsonValue(value));
  }
  bool on_bool(bool value, code&) { return add(JsonValue(value)); }
  bool on_null(code&) { return add(JsonValue()); }
  bool on_comment_part(view, code&) { return true; }
  bool on_comment(view, code&) { return true; }

  JsonValue take() { return std::move(root_); }

 private:
  struct Level {
    JsonValue value;
    std::string key;  ///< Of the member whose value comes next; objects only.
  };

  bool gather(view part) {
    text_.append(part.data(), part.size());
    return true;
  }
  std::string take_text() { return repair_utf8(std::exchange(text_, {})); }
  bool open(JsonValue value) {
    open_.push_back({std::move(value), {}});
    return true;
  }
  bool close() {
    JsonValue done = std::move(open_.back().value);
    open_.pop_back();
    return add(std::move(done));
  }
  bool add(JsonValue value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (auto* object = open_.back().value.if_object()) {
      object->emplace_back(std::move(open_.back().key), std::move(value));
    } else {
      const_cast<JsonValue::Array*>(open_.back().value.if_array())->push_back(std::move(value));
    }
    return true;
  }

  JsonValue root_;
  std::vector<Level> open_;
  std::string text_;
};

Error syntax_error(std::string_view text, std::size_t at, const boost::json::error_code& code) {
  if (code == boost::json::error::too_deep) {
    return {ErrorCode::bad_request, "exceeded max depth"};
  }
  if (code == boost::json::error::incomplete || at >= text.size()) {
    return {ErrorCode::bad_request, "unexpected EOF"};
  }
  std::string shown;
  append_json_string(shown, text.substr(at, 1));
  return {ErrorCode::bad_request,
          fmt::format("invalid character '{}' at offset {}",
                      std::string_view(shown).substr(1, shown.size() - 2), at)};
}

}  // namespace

bool JsonValue::to_i64(std::int64_t& out) const {
  if (const auto* i = std::get_if<std::int64_t>(&value_)) return out = *i, true;
  return false;
}

bool JsonValue::to_u64(std::uint64_t& out) const {
  if (const auto* u = std::get_if<std::uint64_t>(&value_)) return out = *u, true;
  if (const auto* i = std::get_if<std::int64_t>(&value_); i != nullptr && *i >= 0) {
    return out = static_cast<std::uint64_t>(*i), true;
  }
  return false;
}

bool JsonValue::to_double(double& out) const {
  if (const auto* i = std::get_if<std::int64_t>(&value_))
    return out = static_cast<double>(*i), true;
  if (const auto* u = std::get_if<std::uint64_t>(&value_)) {
    return out = static_cast<double>(*u), true;
  }
  if (const auto* d = std::get_if<double>(&value_)) return out = *d, true;
  return false;
}

const JsonValue* JsonValue::find(std::string_view name) const {
  const Object* object = if_object();
  if (object == nullptr) return nullptr;
  for (auto member = object->rbegin(); member != object->rend(); ++member) {
    if (equal_ignoring_case(member->first, name)) return &member->second;
  }
  return nullptr;
}

std::string_view JsonValue::kind() const {
  constexpr std::string_view kinds[] = {"null",   "bool",   "number", "number",
                                        "number", "string", "array",  "object"};
  return kinds[value_.index()];
}

void JsonValue::append_to(std::string& out) const {
  if (const auto* object = if_object()) {
    out.push_back('{');
    for (const auto& [name, value] : *object) {
      if (out.back() != '{') out.push_back(',');
      append_json_string(out, name);
      out.push_back(':');
      value.append_to(out);
    }
    out.push_back('}');
  } else if (const auto* array = if_array()) {
    out.push_back('[');
    for (std::size_t i = 0; i < array->size(); ++i) {
      if (i > 0) out.push_back(',');
      (*array)[i].append_to(out);
    }
    out.push_back(']');
  } else if (const auto* text = if_string()) {
    append_json_string(out, *text);
  } else if (const auto* i = std::get_if<std::int64_t>(&value_)) {
    write_json(out, *i);
  } else if (const auto* u = std::get_if<std::uint64_t>(&value_)) {
    write_json(out, *u);
  } else if (const auto* d = std::get_if<double>(&value_)) {
    write_json(out, *d);
  } else if (const auto* b = if_bool()) {
    write_json(out, *b);
  } else {
    out.append("null");
  }
}

Result<JsonValue> parse_json(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.bytes_max) {
    return fail(ErrorCode::too_large,
                fmt::format("JSON text of {} bytes is too large, max size: {} bytes", text.size(),
                            limits.bytes_max));
  }
  if (trim_spaces(text).empty()) return fail(ErrorCode::bad_request, "EOF");
  boost::json::parse_options options;
  options.max_depth = static_cast<unsigned char>(std::min<std::size_t>(limits.depth_max, 255));
  options.allow_invalid_utf8 = true;
  boost::json::basic_parser<TreeBuilder> parser(options);
  boost::json::error_code code;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), code);
  if (code) return std::unexpected(syntax_error(text, used, code));
  if (used < text.size()) {
    return std::unexpected(syntax_error(text, used, boost::json::error::extra_data));
  }
  return parser.handler().take();
}

}  // namespace conclave::api
