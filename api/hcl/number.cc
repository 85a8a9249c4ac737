#include "api/hcl/number.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>

namespace conclave::api::hcl {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// The index after the run of characters from `at` on that `accepts`.
std::size_t skip(std::string_view text, std::size_t at, bool (*accepts)(char)) {
  while (at < text.size() && accepts(text[at])) ++at;
  return at;
}

bool is_one_of(std::string_view text, std::size_t at, std::string_view letters) {
  return at < text.size() && letters.contains(text[at]);
}

std::optional<JsonValue> read_integer(std::string_view text) {
  const bool negative = text.starts_with('-');
  std::string digits(negative ? text.substr(1) : text);
  int base = 10;
  if (digits.starts_with("0x") || digits.starts_with("0X")) {
    base = 16;
    digits.erase(0, 2);
  } else if (digits.size() > 1 && digits.starts_with('0')) {
    base = 8;
  }
  if (negative) digits.insert(0, "-");
  std::int64_t value = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value, base);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return JsonValue(value);
}

std::optional<JsonValue> read_double(std::string_view text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end || !std::isfinite(value)) return std::nullopt;
  return JsonValue(value);
}

}  // namespace

std::size_t number_length(std::string_view text) {
  std::size_t at = text.starts_with('-') ? 1 : 0;
  const std::size_t first = at;
  if (is_one_of(text, at, "0") && is_one_of(text, at + 1, "xX")) {
    return skip(text, at + 2, is_hex_digit);
  }
  at = skip(text, at, is_digit);
  const bool whole_part = at > first;
  const bool fraction = is_one_of(text, at, ".") && at + 1 < text.size() && is_digit(text[at + 1]);
  if (!whole_part && !fraction) return 0;
  if (fraction) at = skip(text, at + 1, is_digit);
  if (!is_one_of(text, at, "eE")) return at;
  ++at;
  if (is_one_of(text, at, "+-")) ++at;
  return skip(text, at, is_digit);
}

std::optional<JsonValue> read_number(std::string_view text) {
  const bool hexadecimal = text.contains('x') || text.contains('X');
  return !hexadecimal && text.find_first_of(".eE") != text.npos ? read_double(text)
                                                                : read_integer(text);
}

}  // namespace conclave::api::hcl
