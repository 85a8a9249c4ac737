#pragma once

/// The bytes of a snapshot (docs/formats.md 5): a header, blocks of rows in ascending order of their
/// keys, a trailer; every part with its checksum. Canonical: equal states at equal positions give
/// equal bytes on every server, so that a file's SHA-256 is its name. Pure: no file, no thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/core/result.h"
#include "daemon/store/store.h"

namespace conclave::daemon {

struct SnapshotHeader {
  AppliedPosition applied;
  std::uint64_t feature_level = 0;
  std::uint64_t revision = 0;
  std::uint64_t rows = 0;
  std::uint64_t state_hash = 0;
  std::string configuration;  ///< Raft's, in force at `applied`, as in its log entry.
  friend bool operator==(const SnapshotHeader&, const SnapshotHeader&) = default;
};

inline constexpr std::size_t snapshot_header_fixed_bytes = 72;
inline constexpr std::size_t snapshot_header_bytes_max = 1 << 20;
inline constexpr std::size_t block_head_bytes = 12;
/// A block ends with the row that makes its rows this long.
inline constexpr std::size_t block_bytes = 64 << 10;
/// What a reader takes: one row is far smaller.
inline constexpr std::size_t block_bytes_max = 16 << 20;

std::string encode_snapshot_header(const SnapshotHeader& header);
/// How long the header is that begins with these snapshot_header_fixed_bytes. Error `corrupt`.
Result<std::size_t> snapshot_header_size(std::string_view fixed);
Result<SnapshotHeader> decode_snapshot_header(std::string_view bytes);

/// Appends one row to a block's payload.
void append_row(std::string& payload, std::string_view key, std::string_view row);
/// Appends block `number` (from 0) with this payload.
void append_block(std::string& out, std::uint64_t number, std::string_view payload);
/// Appends what follows the last block, as block `number`.
void append_trailer(std::string& out, std::uint64_t number, std::uint64_t rows,
                    std::uint64_t state_hash);

struct BlockHead {
  std::uint32_t crc = 0;
  std::uint32_t size = 0;  ///< Of the payload.
  bool is_trailer = false;
};
/// Error `corrupt`: no block begins with these block_head_bytes.
Result<BlockHead> decode_block_head(std::string_view bytes);
bool block_is_intact(const BlockHead& head, std::uint64_t number, std::string_view payload);

struct SnapshotRow {
  std::string_view key;
  std::string_view row;
};
/// Takes the next row off a payload; nullopt: it is not one.
std::optional<SnapshotRow> take_row(std::string_view& payload);

/// True for 64 lower-case hexadecimal digits: what a snapshot may be called.
bool is_snapshot_id(std::string_view id);

}  // namespace conclave::daemon
