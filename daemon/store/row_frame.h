#pragma once

/// How a row lies in LMDB: `[1 kind][4 crc][payload]` (docs/formats.md 3.1). Pure bytes.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/core/hash.h"

namespace conclave::daemon {

enum class RowKind : std::uint8_t { in_place = 0, chunked = 1 };

inline constexpr std::size_t row_frame_bytes = 5;
/// Key and row together, at most, for a row in place: one LMDB node, never an overflow page.
inline constexpr std::size_t in_place_bytes_max = 2024;
inline constexpr std::size_t chunk_bytes = 2016;

inline bool fits_in_place(std::string_view key, std::string_view row) {
  return key.size() + row.size() <= in_place_bytes_max;
}

/// Where the pieces of a chunked row are.
struct ChunkedRow {
  std::uint64_t size = 0;
  std::uint64_t chunk_id = 0;
  std::uint64_t hash = 0;  ///< row_hash() of the row.
  std::uint32_t crc = 0;   ///< Of the row.

  std::uint64_t chunk_count() const { return (size + chunk_bytes - 1) / chunk_bytes; }
};

/// The row's part of the state hash.
inline std::uint64_t row_hash(std::string_view key, std::string_view row) {
  return hash64(row, hash64(key));
}

/// Replaces `out` by the framed row.
void frame_in_place(std::string& out, std::string_view key, std::string_view row);
void frame_chunked(std::string& out, std::string_view key, const ChunkedRow& row);

/// A frame whose checksum agrees.
struct RowFrame {
  RowKind kind = RowKind::in_place;
  std::string_view row;  ///< In place.
  ChunkedRow chunked;    ///< Chunked.
};

/// nullopt: not what was written.
std::optional<RowFrame> read_frame(std::string_view key, std::string_view framed);

/// The key of a piece in the chunks database: `[8 chunk id BE][4 number BE]`.
std::string chunk_key(std::uint64_t chunk_id, std::uint32_t number);

}  // namespace conclave::daemon
