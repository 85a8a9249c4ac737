#pragma once

/// Numbers as HCL 1 writes them.

#include <optional>
#include <string_view>

#include "api/codec/json_value.h"

namespace conclave::api::hcl {

/// How many bytes at the front of `text` belong to one number: a sign, decimal digits, a fraction,
/// an exponent, or 0x and hexadecimal digits. 0 when it does not begin with one.
std::size_t number_length(std::string_view text);

/// What such a number means: 64-bit integers exactly, decimal, 0x1F, or octal with a leading 0;
/// everything with a fraction or an exponent is a double. None for digits that do not belong to the
/// base, none at all, or a value out of range.
std::optional<JsonValue> read_number(std::string_view text);

}  // namespace conclave::api::hcl
