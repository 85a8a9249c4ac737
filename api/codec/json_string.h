#pragma once

/// JSON strings as Go's encoding/json writes them, and UTF-8 repair.

#include <string>
#include <string_view>

namespace conclave::api {

/// Appends `text` quoted. `<`, `>` and `&` become \u003c \u003e \u0026, control characters and
/// U+2028/9 are escaped, and every byte that is not valid UTF-8 becomes \ufffd (contract section
/// 0).
void append_json_string(std::string& out, std::string_view text);

/// Each byte that is not part of valid UTF-8 becomes U+FFFD, as Go does on input.
std::string repair_utf8(std::string_view text);

}  // namespace conclave::api
