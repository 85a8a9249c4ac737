#include "base/core/uuid.h"

#include "base/core/text.h"

namespace conclave {
namespace {

constexpr bool is_dash_position(std::size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }

}  // namespace

std::string uuid_from_random(UuidBytes random) {
  random[6] = static_cast<std::uint8_t>((random[6] & 0x0f) | 0x40);
  random[8] = static_cast<std::uint8_t>((random[8] & 0x3f) | 0x80);
  return format_uuid(random);
}

std::string format_uuid(const UuidBytes& bytes) {
  std::string text = encode_hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  for (std::size_t dash : {8u, 13u, 18u, 23u}) text.insert(dash, 1, '-');
  return text;
}

std::optional<UuidBytes> parse_uuid(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  std::string digits;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_dash_position(i)) {
      digits.push_back(text[i]);
    } else if (text[i] != '-') {
      return std::nullopt;
    }
  }
  const std::optional<std::string> raw = decode_hex(digits);
  if (!raw) return std::nullopt;
  UuidBytes bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>((*raw)[i]);
  return bytes;
}

bool is_uuid(std::string_view text) { return parse_uuid(text).has_value(); }

}  // namespace conclave
