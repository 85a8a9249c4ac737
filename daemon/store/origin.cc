#include "daemon/store/origin.h"

#include "base/core/bytes.h"
#include "base/core/crc32c.h"
#include "base/run/file.h"

namespace conclave::daemon {
namespace {

constexpr std::string_view magic = "CNCLVORG";
constexpr std::uint32_t format_version = 1;
/// A configuration is far smaller.
constexpr std::size_t origin_bytes_max = 1 << 20;

std::string origin_path(const std::string& directory) { return directory + "/origin"; }

}  // namespace

Result<void> write_origin(const std::string& directory, const Origin& origin) {
  std::string body;
  append_u64_le(body, origin.applied.index);
  append_u64_le(body, origin.applied.term);
  body += origin.configuration;
  std::string bytes(magic);
  append_u32_le(bytes, format_version);
  append_u32_le(bytes, crc32c(body));
  return write_file_atomically(origin_path(directory), bytes + body);
}

Result<std::optional<Origin>> read_origin(const std::string& directory) {
  const std::string path = origin_path(directory);
  if (!path_exists(path)) return std::optional<Origin>();
  CONCLAVE_TRY_ASSIGN(const std::string bytes, read_file(path, origin_bytes_max));
  ByteReader reader(bytes);
  const bool known = reader.take(magic.size()) == magic && reader.u32_le() == format_version;
  const std::uint32_t crc = reader.u32_le();
  const bool intact = known && crc32c(reader.rest()) == crc;
  Origin origin;
  origin.applied.index = reader.u64_le();
  origin.applied.term = reader.u64_le();
  origin.configuration = reader.rest();
  if (!intact || !reader.ok()) return fail(ErrorCode::corrupt, path + " is damaged");
  return std::optional(std::move(origin));
}

}  // namespace conclave::daemon
