#pragma once

/// What lies in <data_dir>/snapshots (docs/formats.md 1): whole snapshots under their SHA-256, one
/// that is being received with a sidecar that names it, and those being written. Blocking.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/core/result.h"
#include "raft/core/snapshot.h"

namespace conclave::daemon {

std::string snapshot_path(const std::string& directory, std::string_view id);
/// Of the one that is being received, and of its sidecar.
std::string receiving_path(const std::string& directory);
std::string sidecar_path(const std::string& directory);
/// Of one that is being written.
std::string new_snapshot_path(const std::string& directory, std::uint64_t number);

/// Gives a file that is whole and synced its name, durably.
Result<void> keep_snapshot(const std::string& directory, const std::string& path,
                           const std::string& id);

struct KeptSnapshot {
  std::string id;
  std::uint64_t index = 0;  ///< As its header says.
};
void sort_newest_first(std::vector<KeptSnapshot>& kept);
/// Those under their names, the newest first; removes what a crash left half written.
Result<std::vector<KeptSnapshot>> list_snapshots(const std::string& directory);

Result<void> write_sidecar(const std::string& directory, const raft::SnapshotMeta& snapshot);
/// What was received before this start; nullopt: nothing of use, and nothing is left of it.
Result<std::optional<raft::PartialSnapshot>> find_partial_snapshot(const std::string& directory);
Result<void> forget_reception(const std::string& directory);

}  // namespace conclave::daemon
