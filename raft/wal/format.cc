#include "raft/wal/format.h"

#include <fmt/format.h>

#include <cstring>

#include "base/core/assert.h"
#include "base/core/bytes.h"
#include "base/core/crc32c.h"

namespace conclave::raft {
namespace {

constexpr std::string_view magic = "CNCLVWAL";
constexpr std::uint32_t format_version = 1;
constexpr std::size_t header_covered_from = 16;
constexpr std::size_t header_fixed_bytes = 128;
constexpr std::size_t record_covered_from = 4;
constexpr std::size_t position_at = 12;
constexpr std::uint8_t begins_anew_flag = 1;

std::string_view as_text(const std::array<std::uint8_t, 16>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::array<std::uint8_t, 16> take_16(ByteReader& reader) {
  std::array<std::uint8_t, 16> out{};
  const std::string_view bytes = reader.take(out.size());
  if (bytes.size() == out.size()) std::memcpy(out.data(), bytes.data(), out.size());
  return out;
}

void store_u32_le(char* at, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) at[i] = static_cast<char>(value >> (8 * i));
}

void store_u64_le(char* at, std::uint64_t value) {
  for (int i = 0; i < 8; ++i) at[i] = static_cast<char>(value >> (8 * i));
}

/// Everything but the checksum; nullopt unless the fields are such as we write.
std::optional<Record> read_fields(std::string_view segment, std::size_t offset) {
  if (offset > segment.size() || segment.size() - offset < record_head_bytes) return std::nullopt;
  const char* at = segment.data() + offset;
  const auto kind = static_cast<std::uint8_t>(at[record_kind_at]);
  if (kind < 1 || kind > static_cast<std::uint8_t>(RecordKind::boot)) return std::nullopt;
  const auto entry_kind = static_cast<std::uint8_t>(at[9]);
  if (entry_kind > static_cast<std::uint8_t>(EntryKind::configuration)) return std::nullopt;
  if (at[10] != 0 || at[11] != 0) return std::nullopt;
  const std::uint32_t size = load_u32_le(at + record_size_at);
  if (size > segment.size() - offset - record_head_bytes) return std::nullopt;
  if (record_bytes(size) > segment.size() - offset) return std::nullopt;
  return Record{.kind = static_cast<RecordKind>(kind),
                .entry_kind = static_cast<EntryKind>(entry_kind),
                .position = load_u32_le(at + position_at),
                .batch = load_u64_le(at + record_batch_at),
                .index = {load_u64_le(at + 24)},
                .term = {load_u64_le(at + 32)},
                .payload = segment.substr(offset + record_head_bytes, size),
                .end = offset + record_bytes(size)};
}

}  // namespace

std::string encode_header(const SegmentHeader& header) {
  std::string body;  // From byte 16 on; the header's size goes in front at the end.
  append_u32_le(body, header.identity.recovery_epoch);
  body.append(as_text(header.identity.cluster_id));
  body.append(as_text(header.identity.incarnation));
  append_u64_le(body, header.segment_id);
  append_u64_le(body, header.first_batch);
  append_u64_le(body, header.boot_counter);
  append_u64_le(body, header.previous_index.value);
  append_u64_le(body, header.previous_term.value);
  append_u64_le(body, header.commit_index.value);
  append_u64_le(body, header.hard_state.current_term.value);
  append_u64_le(body, header.configuration_index.value);
  append_u32_le(body, static_cast<std::uint32_t>(header.hard_state.voted_for.value.size()));
  append_u32_le(body, static_cast<std::uint32_t>(header.configuration.size()));
  body.append(header.hard_state.voted_for.value);
  body.append(header.configuration);
  append_u8(body, header.begins_anew ? begins_anew_flag : 0);

  const std::size_t used = header_covered_from + 4 + body.size();
  const std::size_t size = (used + header_step_bytes - 1) / header_step_bytes * header_step_bytes;
  CONCLAVE_ASSERT_WHY(size <= header_bytes_max, "configurations are bounded");
  std::string covered;
  append_u32_le(covered, static_cast<std::uint32_t>(size));
  covered += body;
  covered.resize(size - header_covered_from, '\0');

  std::string out(magic);
  append_u32_le(out, format_version);
  append_u32_le(out, crc32c(covered));
  return out + covered;
}

Result<DecodedHeader> decode_header(std::string_view segment) {
  ByteReader reader(segment);
  if (reader.take(magic.size()) != magic) return fail(ErrorCode::corrupt, "it is no log segment");
  if (const std::uint32_t version = reader.u32_le(); version != format_version) {
    return fail(ErrorCode::failed, fmt::format("it has format {}, this server knows {} only",
                                               version, format_version));
  }
  const std::uint32_t crc = reader.u32_le();
  const std::uint32_t size = reader.u32_le();
  if (!reader.ok() || size < header_fixed_bytes || size > header_bytes_max ||
      size > segment.size() ||
      crc32c(segment.substr(header_covered_from, size - header_covered_from)) != crc) {
    return fail(ErrorCode::corrupt, "its header's checksum does not agree");
  }
  DecodedHeader decoded{.header = {}, .size = size};
  SegmentHeader& header = decoded.header;
  header.identity.recovery_epoch = reader.u32_le();
  header.identity.cluster_id = take_16(reader);
  header.identity.incarnation = take_16(reader);
  header.segment_id = reader.u64_le();
  header.first_batch = reader.u64_le();
  header.boot_counter = reader.u64_le();
  header.previous_index = {reader.u64_le()};
  header.previous_term = {reader.u64_le()};
  header.commit_index = {reader.u64_le()};
  header.hard_state.current_term = {reader.u64_le()};
  header.configuration_index = {reader.u64_le()};
  const std::uint32_t voted_for_bytes = reader.u32_le();
  const std::uint32_t configuration_bytes = reader.u32_le();
  header.hard_state.voted_for = {std::string(reader.take(voted_for_bytes))};
  header.configuration = reader.take(configuration_bytes);
  const std::uint8_t flags = reader.u8();
  header.begins_anew = flags == begins_anew_flag;
  if (!reader.ok()) return fail(ErrorCode::corrupt, "its header is cut off");
  if (flags > begins_anew_flag) return fail(ErrorCode::corrupt, "its header has unknown flags");
  return decoded;
}

std::uint32_t checksum_seed(const LogIdentity& identity, std::uint64_t segment_id) {
  std::string bytes(as_text(identity.cluster_id));
  bytes += as_text(identity.incarnation);
  append_u64_le(bytes, segment_id);
  return crc32c(bytes);
}

void append_record(std::string& out, RecordKind kind, EntryKind entry_kind, Index index, Term term,
                   std::string_view payload) {
  const std::size_t begin = out.size();
  append_u32_le(out, 0);
  append_u32_le(out, static_cast<std::uint32_t>(payload.size()));
  append_u8(out, static_cast<std::uint8_t>(kind));
  append_u8(out, static_cast<std::uint8_t>(entry_kind));
  out.append(2 + 4 + 8, '\0');
  append_u64_le(out, index.value);
  append_u64_le(out, term.value);
  out.append(payload);
  out.resize(begin + record_bytes(payload.size()), '\0');
}

void seal_records(std::string& batch, std::uint64_t number, std::uint32_t seed) {
  std::uint32_t position = 0;
  for (std::size_t at = 0; at < batch.size(); ++position) {
    const Record record = read_unsealed(batch, at);
    store_u32_le(batch.data() + at + position_at, position);
    store_u64_le(batch.data() + at + record_batch_at, number);
    const std::string_view covered(batch.data() + at + record_covered_from,
                                   record_head_bytes - record_covered_from + record.payload.size());
    store_u32_le(batch.data() + at, crc32c(covered, seed));
    at = record.end;
  }
}

std::optional<Record> read_record(std::string_view segment, std::size_t offset,
                                  std::uint32_t seed) {
  const std::optional<Record> record = read_fields(segment, offset);
  if (!record) return std::nullopt;
  const std::string_view covered =
      segment.substr(offset + record_covered_from,
                     record_head_bytes - record_covered_from + record->payload.size());
  if (crc32c(covered, seed) != load_u32_le(segment.data() + offset)) return std::nullopt;
  return record;
}

Record read_unsealed(std::string_view records, std::size_t offset) {
  const std::optional<Record> record = read_fields(records, offset);
  CONCLAVE_ASSERT_WHY(record.has_value(), "we have just written it");
  return *record;
}

}  // namespace conclave::raft
