#include "daemon/snapshot/snapshot_files.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <tuple>

#include "base/core/bytes.h"
#include "base/core/crc32c.h"
#include "base/run/file.h"
#include "base/run/log.h"
#include "daemon/snapshot/snapshot_reader.h"
#include "daemon/snapshot/stream.h"
#include "raft/core/configuration.h"

namespace conclave::daemon {
namespace {

constexpr std::string_view sidecar_magic = "CNCLVRCP";
constexpr std::uint32_t sidecar_version = 1;
constexpr std::string_view new_prefix = "new-";

std::string encode_sidecar(const raft::SnapshotMeta& snapshot) {
  std::string body;
  append_u64_le(body, snapshot.index.value);
  append_u64_le(body, snapshot.term.value);
  append_u64_le(body, snapshot.size);
  append_sized(body, snapshot.id);
  append_sized(body, raft::encode_configuration(snapshot.configuration));
  std::string out(sidecar_magic);
  append_u32_le(out, sidecar_version);
  append_u32_le(out, crc32c(body));
  return out + body;
}

Result<raft::SnapshotMeta> decode_sidecar(std::string_view bytes) {
  ByteReader reader(bytes);
  const bool known =
      reader.take(sidecar_magic.size()) == sidecar_magic && reader.u32_le() == sidecar_version;
  const std::uint32_t crc = reader.u32_le();
  const bool intact = known && crc32c(reader.rest()) == crc;
  raft::SnapshotMeta snapshot;
  snapshot.index = {reader.u64_le()};
  snapshot.term = {reader.u64_le()};
  snapshot.size = reader.u64_le();
  snapshot.id = reader.sized();
  const std::string_view configuration = reader.sized();
  if (!intact || !reader.ok() || !reader.at_end() || !is_snapshot_id(snapshot.id)) {
    return fail(ErrorCode::corrupt, "what names the snapshot that was being received is damaged");
  }
  CONCLAVE_TRY_ASSIGN(snapshot.configuration, raft::decode_configuration(configuration));
  return snapshot;
}

}  // namespace

std::string snapshot_path(const std::string& directory, std::string_view id) {
  return fmt::format("{}/{}", directory, id);
}

std::string receiving_path(const std::string& directory) { return directory + "/receiving"; }

std::string sidecar_path(const std::string& directory) { return directory + "/receiving.meta"; }

std::string new_snapshot_path(const std::string& directory, std::uint64_t number) {
  return fmt::format("{}/{}{}", directory, new_prefix, number);
}

Result<void> keep_snapshot(const std::string& directory, const std::string& path,
                           const std::string& id) {
  const std::string name = snapshot_path(directory, id);
  if (std::rename(path.c_str(), name.c_str()) != 0) return fail_errno("rename", path, errno);
  return sync_directory(directory);
}

void sort_newest_first(std::vector<KeptSnapshot>& kept) {
  std::ranges::sort(kept, std::ranges::greater{},
                    [](const KeptSnapshot& one) { return std::tie(one.index, one.id); });
}

Result<std::vector<KeptSnapshot>> list_snapshots(const std::string& directory) {
  std::vector<KeptSnapshot> kept;
  CONCLAVE_TRY_ASSIGN(const std::vector<std::string> names, list_directory(directory));
  for (const std::string& name : names) {
    const std::string path = directory + "/" + name;
    if (name.starts_with(new_prefix) || name.ends_with(".tmp")) {
      CONCLAVE_TRY(remove_file(path));
    } else if (is_snapshot_id(name)) {
      const Result<SnapshotReader> reader = SnapshotReader::open(path);
      if (reader) {
        kept.push_back({name, reader->header().applied.index});
      } else {
        log_warn("snapshot", "{}; it is removed", reader.error().message);
        CONCLAVE_TRY(remove_file(path));
      }
    }
  }
  sort_newest_first(kept);
  return kept;
}

Result<void> write_sidecar(const std::string& directory, const raft::SnapshotMeta& snapshot) {
  return write_file_atomically(sidecar_path(directory), encode_sidecar(snapshot));
}

Result<std::optional<raft::PartialSnapshot>> find_partial_snapshot(const std::string& directory) {
  const Result<std::string> bytes = read_file(sidecar_path(directory), std::size_t{1} << 20);
  Result<raft::SnapshotMeta> snapshot =
      bytes ? decode_sidecar(*bytes) : Result<raft::SnapshotMeta>(std::unexpected(bytes.error()));
  struct stat status{};
  const bool is_there = ::stat(receiving_path(directory).c_str(), &status) == 0;
  if (!snapshot || !is_there || status.st_size <= 0) {
    CONCLAVE_TRY(forget_reception(directory));
    return std::optional<raft::PartialSnapshot>();
  }
  // The last byte is asked for again in any case: with it the whole is looked at.
  const std::uint64_t received =
      std::min(static_cast<std::uint64_t>(status.st_size), snapshot->size - 1);
  return std::optional(raft::PartialSnapshot{std::move(*snapshot), received});
}

Result<void> forget_reception(const std::string& directory) {
  CONCLAVE_TRY(remove_file(sidecar_path(directory)));
  return remove_file(receiving_path(directory));
}

}  // namespace conclave::daemon
