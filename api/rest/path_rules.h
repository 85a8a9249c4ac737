#pragma once

/// Rules about paths that hold before any route is looked at (contract 1.1).

#include <optional>
#include <string>
#include <string_view>

namespace conclave::api {

/// Consul answers 400 to paths with characters that Go's unicode.IsPrint refuses: controls, line
/// separators, invisible and private ones.
bool is_printable(std::string_view path);

/// Go's mux answers 301 to paths with "//", "." or ".." segments: the cleaned path, or nullopt when
/// the path is clean. Keys are exempt: below /v1/kv/ everything is served as it is, a superset that
/// makes such keys reachable.
std::optional<std::string> cleaned_path(std::string_view path);

}  // namespace conclave::api
