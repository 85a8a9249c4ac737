#pragma once

/// Headers of a tar file, as far as a snapshot needs them: plain files in the ustar format
/// (POSIX.1-1988), sizes beyond 8 GiB in the base-256 form that GNU and Go write. Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace conclave::api {

inline constexpr std::size_t tar_block_bytes = 512;

struct TarEntry {
  std::string name;
  std::uint64_t size = 0;
  bool is_file = true;       ///< A plain one: no directory, link or device.
  bool is_end = false;       ///< The block of zeros that ends an archive.
  bool is_extended = false;  ///< A pax or GNU header about the next entry; may be passed over.
};

std::string encode_tar_header(std::string_view name, std::uint64_t size, std::int64_t unix_seconds);
/// nullopt: no header, or its checksum does not agree.
std::optional<TarEntry> decode_tar_header(std::string_view block);
/// Zeros up to a multiple of the block size.
inline std::uint64_t tar_padding(std::uint64_t size) {
  return (tar_block_bytes - size % tar_block_bytes) % tar_block_bytes;
}

}  // namespace conclave::api
