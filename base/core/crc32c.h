#pragma once

#include <cstdint>
#include <string_view>

namespace conclave {

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4) of `bytes`, continuing from `crc` (0 to begin), so
/// that crc32c(b, crc32c(a)) == crc32c(ab). Uses the CPU's instruction where there is one.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t crc = 0);

/// The same number without the instruction: what crc32c() falls back to, by name so that it is
/// tested on machines that have the instruction too.
std::uint32_t crc32c_by_table(std::string_view bytes, std::uint32_t crc = 0);

}  // namespace conclave
