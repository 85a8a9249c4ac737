#pragma once

/// Takes in a snapshot chunk by chunk; what is stored survives a restart, and the whole gets its
/// name only once it is what its id says. Blocking; the snapshot thread's.

#include <cstdint>
#include <optional>
#include <string>

#include "base/core/result.h"
#include "base/run/file.h"
#include "raft/core/snapshot.h"

namespace conclave::daemon {

class Reception {
 public:
  /// `partial`: what an earlier run received.
  Reception(std::string directory, std::optional<raft::PartialSnapshot> partial);

  /// Durable when it returns; after the last chunk the snapshot is whole and verified. Errors leave
  /// nothing of it.
  Result<void> store(const raft::SnapshotChunk& chunk);

 private:
  Result<void> begin(const raft::SnapshotMeta& snapshot);
  Result<void> append(const raft::SnapshotChunk& chunk);
  Result<void> complete(const raft::SnapshotMeta& snapshot);

  const std::string directory_;
  std::optional<raft::PartialSnapshot> partial_;
  Descriptor file_;
};

}  // namespace conclave::daemon
