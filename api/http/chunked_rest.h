#pragma once

/// What both parsers must know of Beast's chunked bodies. Internal to api/http.

#include <cstddef>

namespace conclave::api {

/// Wherever a chunked body is not at its end, at least this much follows: "0", CR LF, CR LF (RFC
/// 9112 section 7.1). Beast asserts that much when it goes on within the last chunk, so fewer bytes
/// are kept back until there are more: they may arrive one by one.
inline constexpr std::size_t chunked_rest_bytes_min = 5;

}  // namespace conclave::api
