#pragma once

/// The bytes of the write-ahead log: segment headers and records, as docs/formats.md section 2
/// draws them. Pure: no file, no thread.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/core/result.h"
#include "raft/core/types.h"

namespace conclave::raft {

/// Whose log it is. Part of every checksum, so that a file from elsewhere is never taken for our
/// own.
struct LogIdentity {
  std::array<std::uint8_t, 16> cluster_id{};
  Incarnation incarnation{};
  /// How often the cluster's quorum was rebuilt from one survivor: members of an earlier epoch are
  /// refused.
  std::uint32_t recovery_epoch = 0;
  friend bool operator==(const LogIdentity&, const LogIdentity&) = default;
};

inline constexpr std::size_t header_step_bytes = 4096;
inline constexpr std::size_t header_bytes_max = 1 << 20;
inline constexpr std::size_t header_size_at = 16;
inline constexpr std::size_t record_head_bytes = 40;
inline constexpr std::size_t record_alignment = 8;
inline constexpr std::size_t record_size_at = 4;
inline constexpr std::size_t record_kind_at = 8;
inline constexpr std::size_t record_batch_at = 16;

/// A segment's first block: what the records of all earlier segments amount to.
struct SegmentHeader {
  LogIdentity identity;
  std::uint64_t segment_id = 1;
  std::uint64_t first_batch = 1;
  std::uint64_t boot_counter = 0;
  Index previous_index;
  Term previous_term;
  Index commit_index;
  HardState hard_state;
  Index configuration_index;
  std::string configuration;  ///< As in its entry; "" = none yet.
  /// A snapshot took the place of the log: nothing in earlier segments counts.
  bool begins_anew = false;
  friend bool operator==(const SegmentHeader&, const SegmentHeader&) = default;
};

std::string encode_header(const SegmentHeader& header);

struct DecodedHeader {
  SegmentHeader header;
  std::size_t size = 0;  ///< Where the first batch begins.
};
/// From the first bytes of a segment. Errors say what is wrong, without the file's name: `corrupt`,
/// or `failed` for a format that another version wrote.
Result<DecodedHeader> decode_header(std::string_view segment);

enum class RecordKind : std::uint8_t {
  entry = 1,
  hard_state = 2,
  truncate = 3,
  commit = 4,
  boot = 5
};

struct Record {
  RecordKind kind = RecordKind::commit;
  EntryKind entry_kind = EntryKind::noop;
  std::uint32_t position = 0;  ///< In its batch.
  std::uint64_t batch = 0;
  Index index;
  Term term;
  std::string_view payload;
  std::size_t end = 0;  ///< Offset of what follows.
};

inline constexpr std::size_t record_bytes(std::size_t payload) {
  return (record_head_bytes + payload + record_alignment - 1) / record_alignment * record_alignment;
}

/// The state of a checksum after cluster id, incarnation and segment id.
std::uint32_t checksum_seed(const LogIdentity& identity, std::uint64_t segment_id);

/// Appends a record without batch, position and checksum; seal_records() adds them once it is known
/// where it will lie.
void append_record(std::string& out, RecordKind kind, EntryKind entry_kind, Index index, Term term,
                   std::string_view payload);
/// Makes the records in `batch` one batch of that number.
void seal_records(std::string& batch, std::uint64_t number, std::uint32_t seed);

/// The record that begins at `offset`, if one that verifies does.
std::optional<Record> read_record(std::string_view segment, std::size_t offset, std::uint32_t seed);
/// The same for records that are not sealed yet; they are our own, so there must be one.
Record read_unsealed(std::string_view records, std::size_t offset);

}  // namespace conclave::raft
