#include "daemon/snapshot/stream.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/core/assert.h"
#include "base/core/bytes.h"
#include "base/core/crc32c.h"
#include "daemon/store/rows.h"

namespace conclave::daemon {
namespace {

constexpr std::string_view magic = "CNCLVSNP";
constexpr std::uint32_t format_version = 1;
constexpr std::size_t covered_from = 16;
constexpr std::size_t trailer_bytes = 16;

enum class BlockKind : std::uint32_t { rows = 1, trailer = 2 };

/// The number is in the checksum: blocks that were exchanged or repeated are not intact.
std::uint32_t block_crc(std::uint64_t number, BlockKind kind, std::string_view payload) {
  std::string head;
  append_u64_le(head, number);
  append_u32_le(head, static_cast<std::uint32_t>(kind));
  append_u32_le(head, static_cast<std::uint32_t>(payload.size()));
  return crc32c(payload, crc32c(head));
}

void append_block_of(BlockKind kind, std::string& out, std::uint64_t number,
                     std::string_view payload) {
  append_u32_le(out, block_crc(number, kind, payload));
  append_u32_le(out, static_cast<std::uint32_t>(kind));
  append_u32_le(out, static_cast<std::uint32_t>(payload.size()));
  out += payload;
}

std::unexpected<Error> damaged(std::string_view what) {
  return fail(ErrorCode::corrupt, fmt::format("the snapshot {}", what));
}

}  // namespace

std::string encode_snapshot_header(const SnapshotHeader& header) {
  std::string body;
  append_u32_le(body, static_cast<std::uint32_t>(snapshot_header_fixed_bytes +
                                                 header.configuration.size()));
  append_u32_le(body, static_cast<std::uint32_t>(header.configuration.size()));
  append_u64_le(body, header.applied.index);
  append_u64_le(body, header.applied.term);
  append_u64_le(body, header.feature_level);
  append_u64_le(body, header.revision);
  append_u64_le(body, header.rows);
  append_u64_le(body, header.state_hash);
  body += header.configuration;
  std::string out(magic);
  append_u32_le(out, format_version);
  append_u32_le(out, crc32c(body));
  return out + body;
}

Result<std::size_t> snapshot_header_size(std::string_view fixed) {
  ByteReader reader(fixed);
  if (reader.take(magic.size()) != magic) return damaged("does not begin as one");
  if (const std::uint32_t version = reader.u32_le(); version != format_version) {
    return damaged(
        fmt::format("has format {}, this server knows {} only", version, format_version));
  }
  reader.u32_le();
  const std::size_t size = reader.u32_le();
  if (!reader.ok() || size < snapshot_header_fixed_bytes || size > snapshot_header_bytes_max) {
    return damaged("has a header that is damaged");
  }
  return size;
}

Result<SnapshotHeader> decode_snapshot_header(std::string_view bytes) {
  CONCLAVE_TRY_ASSIGN(const std::size_t size, snapshot_header_size(bytes));
  ByteReader reader(bytes.substr(magic.size() + 4));
  const std::uint32_t crc = reader.u32_le();
  if (bytes.size() != size || crc32c(bytes.substr(covered_from)) != crc) {
    return damaged("has a header that is damaged");
  }
  reader.u32_le();
  const std::size_t configuration_bytes = reader.u32_le();
  SnapshotHeader header;
  header.applied.index = reader.u64_le();
  header.applied.term = reader.u64_le();
  header.feature_level = reader.u64_le();
  header.revision = reader.u64_le();
  header.rows = reader.u64_le();
  header.state_hash = reader.u64_le();
  header.configuration = reader.take(configuration_bytes);
  if (!reader.ok() || !reader.at_end()) return damaged("has a header that is damaged");
  return header;
}

void append_row(std::string& payload, std::string_view key, std::string_view row) {
  append_sized(payload, key);
  append_sized(payload, row);
}

void append_block(std::string& out, std::uint64_t number, std::string_view payload) {
  CONCLAVE_ASSERT(!payload.empty());
  CONCLAVE_ASSERT(payload.size() <= block_bytes_max);
  append_block_of(BlockKind::rows, out, number, payload);
}

void append_trailer(std::string& out, std::uint64_t number, std::uint64_t rows,
                    std::uint64_t state_hash) {
  std::string payload;
  append_u64_le(payload, rows);
  append_u64_le(payload, state_hash);
  append_block_of(BlockKind::trailer, out, number, payload);
}

Result<BlockHead> decode_block_head(std::string_view bytes) {
  ByteReader reader(bytes);
  BlockHead head;
  head.crc = reader.u32_le();
  const std::uint32_t kind = reader.u32_le();
  head.size = reader.u32_le();
  head.is_trailer = kind == static_cast<std::uint32_t>(BlockKind::trailer);
  const bool known = head.is_trailer || kind == static_cast<std::uint32_t>(BlockKind::rows);
  const bool sized = head.is_trailer ? head.size == trailer_bytes
                                     : head.size > 0 && head.size <= block_bytes_max;
  if (!reader.ok() || !known || !sized) return damaged("has a block that is damaged");
  return head;
}

bool block_is_intact(const BlockHead& head, std::uint64_t number, std::string_view payload) {
  const BlockKind kind = head.is_trailer ? BlockKind::trailer : BlockKind::rows;
  return head.size == payload.size() && block_crc(number, kind, payload) == head.crc;
}

std::optional<SnapshotRow> take_row(std::string_view& payload) {
  ByteReader reader(payload);
  SnapshotRow row;
  row.key = reader.sized();
  row.row = reader.sized();
  if (!reader.ok() || row.key.empty() || row.key.size() > row_key_bytes_max) return std::nullopt;
  payload = reader.rest();
  return row;
}

bool is_snapshot_id(std::string_view id) {
  return id.size() == 64 && std::ranges::all_of(id, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

}  // namespace conclave::daemon
