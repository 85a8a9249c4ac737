#include "api/query/filter_literal.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace conclave::api {

namespace {

constexpr std::uint32_t last_rune = 0x10FFFF;

bool is_surrogate(std::uint32_t rune) { return rune >= 0xD800 && rune <= 0xDFFF; }

void append_utf8(std::string& out, std::uint32_t rune) {
  const auto byte = [&](std::uint32_t value) { out.push_back(static_cast<char>(value)); };
  if (rune < 0x80) {
    byte(rune);
  } else if (rune < 0x800) {
    byte(0xC0 | rune >> 6), byte(0x80 | (rune & 0x3F));
  } else if (rune < 0x10000) {
    byte(0xE0 | rune >> 12), byte(0x80 | (rune >> 6 & 0x3F)), byte(0x80 | (rune & 0x3F));
  } else {
    byte(0xF0 | rune >> 18), byte(0x80 | (rune >> 12 & 0x3F));
    byte(0x80 | (rune >> 6 & 0x3F)), byte(0x80 | (rune & 0x3F));
  }
}

/// Takes `digits` digits of `base` off the front of `rest`.
std::optional<std::uint32_t> take_number(std::string_view& rest, std::size_t digits, int base) {
  if (rest.size() < digits) return std::nullopt;
  std::uint32_t value = 0;
  const char* const end = rest.data() + digits;
  const auto [stop, error] = std::from_chars(rest.data(), end, value, base);
  if (error != std::errc{} || stop != end) return std::nullopt;
  rest.remove_prefix(digits);
  return value;
}

struct SimpleEscape {
  char letter;
  char meaning;
};
constexpr SimpleEscape simple_escapes[] = {
    {'a', '\a'}, {'b', '\b'}, {'f', '\f'}, {'n', '\n'},  {'r', '\r'},
    {'t', '\t'}, {'v', '\v'}, {'"', '"'},  {'\\', '\\'},
};

struct NumberEscape {
  char letter;
  std::size_t digits;
};
constexpr NumberEscape number_escapes[] = {{'x', 2}, {'u', 4}, {'U', 8}};

/// Takes the escape after a backslash off the front of `rest`.
bool take_escape(std::string_view& rest, std::string& out) {
  if (rest.empty()) return false;
  const char letter = rest.front();
  if (letter >= '0' && letter <= '7') {
    const auto value = take_number(rest, 3, 8);
    if (!value || *value > 0xFF) return false;
    out.push_back(static_cast<char>(*value));
    return true;
  }
  rest.remove_prefix(1);
  const auto* simple = std::ranges::find(simple_escapes, letter, &SimpleEscape::letter);
  if (simple != std::ranges::end(simple_escapes)) {
    out.push_back(simple->meaning);
    return true;
  }
  const auto* number = std::ranges::find(number_escapes, letter, &NumberEscape::letter);
  if (number == std::ranges::end(number_escapes)) return false;
  const auto value = take_number(rest, number->digits, 16);
  if (!value) return false;
  if (letter == 'x') {
    out.push_back(static_cast<char>(*value));
    return true;
  }
  if (*value > last_rune || is_surrogate(*value)) return false;
  append_utf8(out, *value);
  return true;
}

enum class Digits : std::uint8_t { good, bad, too_large };

/// What ParseUint with base 0 takes for a number; `value` is set when it is one.
Digits read_digits(std::string_view text, std::uint64_t& value) {
  int base = 10;
  bool prefixed = false;
  if (text.size() > 1 && text.front() == '0') {
    const char mark = static_cast<char>(text[1] | 0x20);
    base = mark == 'x' ? 16 : mark == 'b' ? 2 : 8;
    prefixed = true;
    text.remove_prefix(mark == 'x' || mark == 'b' || mark == 'o' ? 2 : 1);
  }
  // An underscore stands between two digits; the prefix counts as one.
  std::string digits;
  bool after_digit = prefixed;
  for (const char c : text) {
    if (c == '_' && !after_digit) return Digits::bad;
    if (c != '_') digits.push_back(c);
    after_digit = c != '_';
  }
  if (digits.empty() || !after_digit) return Digits::bad;
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value, base);
  if (stop != end) return Digits::bad;
  return error == std::errc::result_out_of_range ? Digits::too_large : Digits::good;
}

std::unexpected<std::string> refused(std::string_view function, std::string_view text,
                                     Digits reason) {
  return std::unexpected("strconv." + std::string(function) + ": parsing " + quote_go(text) +
                         (reason == Digits::bad ? ": invalid syntax" : ": value out of range"));
}

constexpr std::array<std::string_view, 6> true_words = {"1", "t", "T", "TRUE", "true", "True"};
constexpr std::array<std::string_view, 6> false_words = {"0", "f", "F", "FALSE", "false", "False"};

}  // namespace

std::optional<std::string> unquote_go(std::string_view literal) {
  if (literal.size() < 2 || literal.front() != literal.back()) return std::nullopt;
  std::string_view rest = literal.substr(1, literal.size() - 2);
  std::string out;
  if (literal.front() == '`') {
    out = rest;
    std::erase(out, '\r');
    return out;
  }
  while (!rest.empty()) {
    const char c = rest.front();
    rest.remove_prefix(1);
    if (c == '\n' || c == '"') return std::nullopt;
    if (c != '\\') {
      out.push_back(c);
    } else if (!take_escape(rest, out)) {
      return std::nullopt;
    }
  }
  return out;
}

std::string quote_go(std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const auto* simple = std::ranges::find(simple_escapes, c, &SimpleEscape::meaning);
    if (simple != std::ranges::end(simple_escapes)) {
      out.append(1, '\\').append(1, simple->letter);
    } else if (byte < 0x20 || byte == 0x7F) {
      out.append("\\x").append(1, hex[byte >> 4]).append(1, hex[byte & 0xF]);
    } else {
      out.push_back(c);
    }
  }
  return out + '"';
}

std::expected<std::int64_t, std::string> parse_go_int(std::string_view text) {
  constexpr std::uint64_t largest = std::numeric_limits<std::int64_t>::max();
  std::string_view digits = text;
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  std::uint64_t value = 0;
  Digits read = read_digits(digits, value);
  if (read == Digits::good && value > largest + (negative ? 1 : 0)) read = Digits::too_large;
  if (read != Digits::good) return refused("ParseInt", text, read);
  return static_cast<std::int64_t>(negative ? ~value + 1 : value);
}

std::expected<std::uint64_t, std::string> parse_go_uint(std::string_view text) {
  std::uint64_t value = 0;
  const Digits read = read_digits(text, value);
  if (read != Digits::good) return refused("ParseUint", text, read);
  return value;
}

std::expected<bool, std::string> parse_go_bool(std::string_view text) {
  if (std::ranges::find(true_words, text) != true_words.end()) return true;
  if (std::ranges::find(false_words, text) != false_words.end()) return false;
  return refused("ParseBool", text, Digits::bad);
}

}  // namespace conclave::api
