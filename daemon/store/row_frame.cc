#include "daemon/store/row_frame.h"

#include "base/core/bytes.h"
#include "base/core/crc32c.h"

namespace conclave::daemon {
namespace {

std::uint32_t frame_crc(std::string_view key, RowKind kind, std::string_view payload) {
  const char kind_byte = static_cast<char>(kind);
  return crc32c(payload, crc32c({&kind_byte, 1}, crc32c(key)));
}

void append_head(std::string& out, std::string_view key, RowKind kind, std::string_view payload) {
  append_u8(out, static_cast<std::uint8_t>(kind));
  append_u32_le(out, frame_crc(key, kind, payload));
}

}  // namespace

void frame_in_place(std::string& out, std::string_view key, std::string_view row) {
  out.clear();
  append_head(out, key, RowKind::in_place, row);
  out.append(row);
}

void frame_chunked(std::string& out, std::string_view key, const ChunkedRow& row) {
  std::string payload;
  append_u64_le(payload, row.size);
  append_u64_le(payload, row.chunk_id);
  append_u64_le(payload, row.hash);
  append_u32_le(payload, row.crc);
  out.clear();
  append_head(out, key, RowKind::chunked, payload);
  out.append(payload);
}

std::optional<RowFrame> read_frame(std::string_view key, std::string_view framed) {
  ByteReader reader(framed);
  const auto kind = static_cast<RowKind>(reader.u8());
  const std::uint32_t crc = reader.u32_le();
  if (!reader.ok() || frame_crc(key, kind, reader.rest()) != crc) return std::nullopt;
  if (kind == RowKind::in_place) return RowFrame{.kind = kind, .row = reader.rest(), .chunked = {}};
  if (kind != RowKind::chunked) return std::nullopt;
  ChunkedRow chunked{.size = reader.u64_le(),
                     .chunk_id = reader.u64_le(),
                     .hash = reader.u64_le(),
                     .crc = reader.u32_le()};
  if (!reader.ok() || !reader.at_end()) return std::nullopt;
  return RowFrame{.kind = kind, .row = {}, .chunked = chunked};
}

std::string chunk_key(std::uint64_t chunk_id, std::uint32_t number) {
  std::string key;
  append_u64_be(key, chunk_id);
  append_u32_be(key, number);
  return key;
}

}  // namespace conclave::daemon
