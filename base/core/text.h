#pragma once

/// Small pure pieces of text handling with one home: ASCII case, base64, hex.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace conclave {

/// Lower-cases A-Z only: names are compared as the contract's section 22 says, locale-free.
std::string to_lower_ascii(std::string_view text);
bool equal_ignoring_case(std::string_view a, std::string_view b);
std::string_view trim_spaces(std::string_view text);

/// Standard alphabet with padding (contract section 0).
std::string encode_base64(std::string_view bytes);
void append_base64(std::string& out, std::string_view bytes);
std::optional<std::string> decode_base64(std::string_view text);

std::string encode_hex(std::string_view bytes);
std::optional<std::string> decode_hex(std::string_view text);

/// A whole decimal uint64; nullopt for signs, spaces, overflow or an empty text.
std::optional<std::uint64_t> parse_u64(std::string_view text);
std::optional<std::int64_t> parse_i64(std::string_view text);

}  // namespace conclave
