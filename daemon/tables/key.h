#pragma once

/// How the keys of rows are put together (docs/formats.md section 4). A key is a table's tag, then
/// parts whose byte order is the order of listing. Pure.
///
/// Parts are of three kinds: numbers, 8 bytes big-endian; names, which end in a terminator so that
/// "a" < "ab" whatever follows, and are shortened when long; and one tail, the raw bytes of a KV
/// key, always last.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace conclave::daemon {

/// The first byte of every row key. Never reused.
enum class Table : std::uint8_t {
  meta = 0x01,                 ///< "": revision, table indexes, counters.
  time = 0x02,                 ///< "": cluster time.
  autopilot = 0x03,            ///< "": autopilot's configuration.
  ca_root = 0x04,              ///< "": the root certificate.
  kv = 0x10,                   ///< key
  kv_by_session = 0x11,        ///< session id, key
  tombstones = 0x12,           ///< key
  tombstone_revisions = 0x13,  ///< revision, key
  lock_delays = 0x14,          ///< key
  lock_delay_ends = 0x15,      ///< end, key
  sessions = 0x20,             ///< id
  sessions_by_node = 0x21,     ///< node, id
  sessions_by_check = 0x22,    ///< node, check id, id
  queries = 0x23,              ///< id
  query_names = 0x24,          ///< name
  queries_by_session = 0x25,   ///< session id, id
  nodes = 0x30,                ///< name
  node_ids = 0x31,             ///< id
  services = 0x32,             ///< node, service id
  services_by_name = 0x33,     ///< service name, node, service id
  checks = 0x34,               ///< node, check id
  checks_by_service = 0x35,    ///< node, service id, check id
  checks_by_name = 0x36,       ///< service name, node, check id
  checks_by_status = 0x37,     ///< status, node, check id
  coordinates = 0x38,          ///< node
  members = 0x40,              ///< name
  events = 0x41,               ///< revision
  service_indexes = 0x50,      ///< service name
  node_indexes = 0x51,         ///< node
  changes = 0x60,              ///< revision, sub-index
  jobs = 0x70,                 ///< id
  requests = 0x71,             ///< request id
  request_order = 0x72,        ///< sequence number
};

/// A KV key is at most this long; handlers refuse longer ones with 400, apply with an error.
inline constexpr std::size_t kv_key_bytes_max = 64 * 1024;
/// A tail up to this long stands in the key as it is; of a longer one the first so many bytes, then
/// its hash128.
inline constexpr std::size_t tail_bytes_max = 494;
/// The same for tails that follow a session id or a number.
inline constexpr std::size_t inner_tail_bytes_max = 320;
/// A name whose escaped form is longer keeps so many bytes of it, then its hash128 in hexadecimal.
inline constexpr std::size_t name_bytes_max = 120;

std::string table_key(Table table);

/// A name, compared without case (contract section 22): lower-cased, 00 written as 00 FF, ended by
/// 00 01.
void append_name(std::string& key, std::string_view name);
/// The raw bytes of a KV key, shortened to `bytes_max` and a hash if longer.
void append_tail(std::string& key, std::string_view tail, std::size_t bytes_max);

std::string name_key(Table table, std::string_view name);
std::string name_key(Table table, std::string_view first, std::string_view second);
std::string name_key(Table table, std::string_view first, std::string_view second,
                     std::string_view third);
/// A table's tag and a number.
std::string number_key(Table table, std::uint64_t number);

}  // namespace conclave::daemon
