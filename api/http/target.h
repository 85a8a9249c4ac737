#pragma once

/// The request target: path and query, percent-decoded as Go's net/url does it (contract 1.1).

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/http/message.h"

namespace conclave::api {

/// Decodes %XX; nullopt when an escape is cut or not hexadecimal. `plus_is_space` for query strings
/// only: in a path '+' is literal.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);

/// Escapes what may not stand in a query value; the inverse of percent_decode(…, true).
std::string percent_encode(std::string_view text);

/// Fills target, path, query and query_valid of `request` from the target as sent, in origin or
/// absolute form. False: the path cannot be decoded or is no path at all (answered 400). A query
/// that cannot be decoded only clears query_valid; a ';' in it counts as such, as in Go since 1.17.
bool parse_target(std::string_view target, Request& request);

}  // namespace conclave::api
