#pragma once

/// A parsed JSON document as a tree of plain values: for requests, agent definitions, configuration
/// files and what the command line reads. Members keep the order of the text, duplicates included.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/core/result.h"

namespace conclave::api {

class JsonValue {
 public:
  using Array = std::vector<JsonValue>;
  using Member = std::pair<std::string, JsonValue>;
  using Object = std::vector<Member>;

  JsonValue() = default;
  explicit JsonValue(bool value) : value_(value) {}
  explicit JsonValue(std::int64_t value) : value_(value) {}
  explicit JsonValue(std::uint64_t value) : value_(value) {}
  explicit JsonValue(double value) : value_(value) {}
  explicit JsonValue(std::string value) : value_(std::move(value)) {}
  explicit JsonValue(Array value) : value_(std::move(value)) {}
  explicit JsonValue(Object value) : value_(std::move(value)) {}

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  const bool* if_bool() const { return std::get_if<bool>(&value_); }
  const std::string* if_string() const { return std::get_if<std::string>(&value_); }
  const Array* if_array() const { return std::get_if<Array>(&value_); }
  const Object* if_object() const { return std::get_if<Object>(&value_); }
  Object* if_object() { return std::get_if<Object>(&value_); }
  bool is_number() const { return value_.index() >= 2 && value_.index() <= 4; }

  /// The number if it is a whole one of that range, never by way of a double (contract section 0).
  bool to_i64(std::int64_t& out) const;
  bool to_u64(std::uint64_t& out) const;
  /// Any number.
  bool to_double(double& out) const;

  /// The last member whose name equals `name` without regard to case; nullptr when there is none
  /// or this is no object.
  const JsonValue* find(std::string_view name) const;

  /// "null", "bool", "number", "string", "array" or "object", as Go's error texts say it.
  std::string_view kind() const;

  /// Appends the value as compact JSON.
  void append_to(std::string& out) const;

 private:
  std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string, Array,
               Object>
      value_;
};

struct JsonLimits {
  std::size_t depth_max = 32;
  std::size_t bytes_max = 64 << 20;
};

/// Parses one JSON document (RFC 8259; surrounding spaces allowed). Errors are bad_request with
/// Go's words where they carry meaning: "EOF" for nothing at all, "unexpected EOF" for a cut text,
/// "invalid character 'x' at offset n" otherwise.
Result<JsonValue> parse_json(std::string_view text, const JsonLimits& limits = {});

}  // namespace conclave::api
