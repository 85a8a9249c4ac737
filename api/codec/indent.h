#pragma once

/// Indentation of JSON that is already valid: what `?pretty` and dev mode show (contract section
/// 0).

#include <string>
#include <string_view>

namespace conclave::api {

/// Four spaces a level, one space after a colon, {} and [] kept short, a newline at the end: Go's
/// json.MarshalIndent(v, "", "    ") plus "\n". Input must be valid JSON; spaces outside of strings
/// are dropped, so indenting twice changes nothing.
std::string indent_json(std::string_view json);

}  // namespace conclave::api
