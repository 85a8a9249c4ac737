#include "base/core/duration.h"

#include <array>
#include <cstdint>
#include <optional>

namespace conclave {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t nanos;
};

constexpr std::uint64_t second = 1'000'000'000;
constexpr std::array<Unit, 8> units{{{"ns", 1},
                                     {"us", 1'000},
                                     {"\xc2\xb5s", 1'000},  // U+00B5, micro sign
                                     {"\xce\xbcs", 1'000},  // U+03BC, Greek letter mu
                                     {"ms", 1'000'000},
                                     {"s", second},
                                     {"m", 60 * second},
                                     {"h", 3600 * second}}};

/// One past the largest int64: the magnitude of the smallest, which only a minus sign may have.
constexpr std::uint64_t limit = std::uint64_t{1} << 63;

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// A text in Go's %q: quotation marks and backslashes escaped, the rest as bytes for control
/// characters and for what is not ASCII.
std::string quoted(std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  std::string out = "\"";
  for (char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (byte < 0x20 || byte >= 0x80) {
      out.append({'\\', 'x', hex[byte >> 4], hex[byte & 15]});
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
  return out;
}

/// Digits off the front; nullopt when they exceed the limit.
std::optional<std::uint64_t> take_integer(std::string_view& text) {
  std::uint64_t value = 0;
  while (!text.empty() && is_digit(text.front())) {
    if (value > limit / 10) return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(text.front() - '0');
    if (value > limit) return std::nullopt;
    text.remove_prefix(1);
  }
  return value;
}

struct Fraction {
  std::uint64_t digits = 0;
  double scale = 1;
};

/// Digits after the point; those beyond what 63 bits hold are read and dropped, as in Go.
Fraction take_fraction(std::string_view& text) {
  Fraction fraction;
  bool full = false;
  while (!text.empty() && is_digit(text.front())) {
    const auto digit = static_cast<std::uint64_t>(text.front() - '0');
    text.remove_prefix(1);
    if (full || fraction.digits > (limit - 1) / 10 || fraction.digits * 10 + digit > limit) {
      full = true;
      continue;
    }
    fraction.digits = fraction.digits * 10 + digit;
    fraction.scale *= 10;
  }
  return fraction;
}

std::string_view take_unit_name(std::string_view& text) {
  std::size_t size = 0;
  while (size < text.size() && text[size] != '.' && !is_digit(text[size])) ++size;
  const std::string_view name = text.substr(0, size);
  text.remove_prefix(size);
  return name;
}

const Unit* find_unit(std::string_view name) {
  for (const Unit& unit : units) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

/// value / 10^digits with trailing zeros of the fraction left out, then the unit.
std::string with_fraction(std::uint64_t value, unsigned digits, std::string_view unit) {
  std::string fraction;
  bool significant = false;
  for (unsigned i = 0; i < digits; ++i) {
    const auto digit = static_cast<char>('0' + value % 10);
    value /= 10;
    significant = significant || digit != '0';
    if (significant) fraction.insert(fraction.begin(), digit);
  }
  std::string out = std::to_string(value);
  if (!fraction.empty()) out += "." + fraction;
  return out.append(unit);
}

}  // namespace

Result<Nanos> parse_duration(std::string_view text) {
  const auto invalid = [whole = text](std::string_view why = "invalid duration",
                                      std::string_view in = {}) {
    std::string message = "time: " + std::string(why) + " ";
    if (!in.empty()) message += quoted(in) + " in duration ";
    return fail(ErrorCode::bad_request, message + quoted(whole));
  };
  std::string_view rest = text;
  const bool negative = !rest.empty() && rest.front() == '-';
  if (!rest.empty() && (rest.front() == '-' || rest.front() == '+')) rest.remove_prefix(1);
  if (rest == "0") return Nanos{0};
  if (rest.empty()) return invalid();

  std::uint64_t total = 0;
  while (!rest.empty()) {
    const std::size_t size_before = rest.size();
    const std::optional<std::uint64_t> whole = take_integer(rest);
    if (!whole) return invalid();
    bool any_digit = rest.size() != size_before;
    Fraction fraction;
    if (!rest.empty() && rest.front() == '.') {
      rest.remove_prefix(1);
      const std::size_t size_after_point = rest.size();
      fraction = take_fraction(rest);
      any_digit = any_digit || rest.size() != size_after_point;
    }
    if (!any_digit) return invalid();
    const std::string_view name = take_unit_name(rest);
    if (name.empty()) return invalid("missing unit in duration");
    const Unit* unit = find_unit(name);
    if (unit == nullptr) return invalid("unknown unit", name);

    if (*whole > limit / unit->nanos) return invalid();
    std::uint64_t value = *whole * unit->nanos;
    if (fraction.digits > 0) {
      value += static_cast<std::uint64_t>(static_cast<double>(fraction.digits) *
                                          (static_cast<double>(unit->nanos) / fraction.scale));
      if (value > limit) return invalid();
    }
    total += value;
    if (total > limit) return invalid();
  }
  if (negative) return Nanos{static_cast<std::int64_t>(-total)};
  if (total == limit) return invalid();
  return Nanos{static_cast<std::int64_t>(total)};
}

std::string format_duration(Nanos duration) {
  const std::int64_t count = duration.count();
  const bool negative = count < 0;
  // Negated as unsigned, so that the smallest value has a magnitude too.
  const std::uint64_t nanos =
      negative ? -static_cast<std::uint64_t>(count) : static_cast<std::uint64_t>(count);
  std::string out;
  if (nanos == 0) return "0s";
  if (nanos < 1'000) {
    out = with_fraction(nanos, 0, "ns");
  } else if (nanos < 1'000'000) {
    out = with_fraction(nanos, 3, "\xc2\xb5s");
  } else if (nanos < second) {
    out = with_fraction(nanos, 6, "ms");
  } else {
    const std::uint64_t minutes = nanos / (60 * second);
    out = with_fraction(nanos % (60 * second), 9, "s");
    if (minutes > 0) out = std::to_string(minutes % 60) + "m" + out;
    if (minutes >= 60) out = std::to_string(minutes / 60) + "h" + out;
  }
  return negative ? "-" + out : out;
}

}  // namespace conclave
