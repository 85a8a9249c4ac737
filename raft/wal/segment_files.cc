#include "raft/wal/segment_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "base/core/bytes.h"
#include "base/core/text.h"
#include "base/run/file.h"
#include "raft/wal/format.h"

namespace conclave::raft {
namespace {

constexpr std::string_view segment_suffix = ".wal";
constexpr std::string_view spare_prefix = "spare-";
constexpr std::string_view new_prefix = "new-";

std::optional<std::uint64_t> segment_id(std::string_view name) {
  if (!name.ends_with(segment_suffix)) return std::nullopt;
  const auto bytes = decode_hex(name.substr(0, name.size() - segment_suffix.size()));
  if (!bytes || bytes->size() != 8) return std::nullopt;
  return load_u64_be(bytes->data());
}

}  // namespace

std::string segment_path(const std::string& directory, std::uint64_t id) {
  return fmt::format("{}/{:016x}{}", directory, id, segment_suffix);
}

std::string spare_path(const std::string& directory, std::uint64_t id) {
  return fmt::format("{}/{}{:016x}", directory, spare_prefix, id);
}

std::string new_segment_path(const std::string& directory, std::uint64_t id) {
  return fmt::format("{}/{}{:016x}", directory, new_prefix, id);
}

Result<SegmentFiles> list_segment_files(const std::string& directory) {
  SegmentFiles files;
  if (!path_exists(directory)) return files;
  CONCLAVE_TRY_ASSIGN(const std::vector<std::string> names, list_directory(directory));
  for (const std::string& name : names) {
    if (const auto id = segment_id(name)) {
      files.segments.push_back(*id);
    } else if (name.starts_with(spare_prefix)) {
      files.spares.push_back(directory + "/" + name);
    } else if (name.starts_with(new_prefix)) {
      files.leftovers.push_back(directory + "/" + name);
    }
  }
  std::ranges::sort(files.segments);
  return files;
}

Result<std::string> read_segment_head(const std::string& path) {
  CONCLAVE_TRY_ASSIGN(const Descriptor file, open_file(path, O_RDONLY));
  std::string head(header_step_bytes, '\0');
  for (;;) {
    const ssize_t got = ::pread(file.get(), head.data(), head.size(), 0);
    if (got < 0) return fail_errno("read", path, errno);
    const bool whole = static_cast<std::size_t>(got) < head.size() ||
                       load_u32_le(head.data() + header_size_at) <= head.size() ||
                       head.size() == header_bytes_max;
    head.resize(static_cast<std::size_t>(got));
    if (whole) return head;
    head.resize(header_bytes_max);
  }
}

}  // namespace conclave::raft
