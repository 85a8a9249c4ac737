#pragma once

/// What a person wrote in JSON or HCL, as a tree of values: configuration files and definitions.

#include <cstdint>
#include <string_view>

#include "api/codec/json_value.h"
#include "base/core/result.h"

namespace conclave::api::hcl {

enum class Format : std::uint8_t {
  hcl,  ///< A text that begins with `{` is JSON, also here: HCL 1 contains it.
  json,
};

/// Errors begin with line and column, "3:14: ...", so that a file name and a colon go before them.
Result<JsonValue> parse_document(std::string_view text, Format format);

}  // namespace conclave::api::hcl
