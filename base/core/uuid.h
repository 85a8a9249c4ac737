#pragma once

/// UUIDs in their text form, 8-4-4-4-12 lower-case hex digits (RFC 4122). Their bytes always come
/// from somebody else: this is pure code and draws nothing.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace conclave {

using UuidBytes = std::array<std::uint8_t, 16>;

/// Version 4, variant 1 from 16 random bytes.
std::string uuid_from_random(UuidBytes random);
/// The text form of 16 bytes as they are.
std::string format_uuid(const UuidBytes& bytes);
/// Accepts upper and lower case; nullopt unless exactly 8-4-4-4-12.
std::optional<UuidBytes> parse_uuid(std::string_view text);
bool is_uuid(std::string_view text);

}  // namespace conclave
