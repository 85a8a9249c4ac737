#pragma once

/// Compressed responses (contract 1.5): for those who ask, from the size on from which it pays.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace conclave::api {

inline constexpr std::size_t gzip_bytes_min = 1400;
/// Larger bodies are sent as they are: compressing one would hold up the loop for milliseconds.
inline constexpr std::size_t gzip_bytes_max = 256 * 1024;

/// Accept-Encoding names gzip, without q=0.
bool accepts_gzip(std::string_view accept_encoding);

/// The gzip form of `bytes`; nullopt when zlib has no memory.
std::optional<std::string> gzip(std::string_view bytes);

}  // namespace conclave::api
