#pragma once

/// Snapshots as the core sees them (Figure 13 of the paper): what they stand for, and pieces of
/// them on their way. Bytes come from and go to a port; the core decides who gets which, and when.

#include <cstdint>
#include <string>

#include "raft/core/types.h"

namespace conclave::raft {

struct SnapshotMeta {
  std::string id;  ///< Equal ids, equal bytes: whoever has a part of one may go on from any server.
  Index index;     ///< The last entry it includes; applied, so committed.
  Term term;       ///< That entry's.
  /// In force at `index`: the committed one, never one that could still be rolled back.
  Configuration configuration;
  std::uint64_t size = 0;  ///< Bytes.
  friend bool operator==(const SnapshotMeta&, const SnapshotMeta&) = default;
};

/// A part received in its place.
struct SnapshotChunk {
  SnapshotMeta snapshot;
  std::uint64_t offset = 0;
  std::string data;
  bool is_first() const { return offset == 0; }
  bool is_last() const { return offset + data.size() == snapshot.size; }
};

/// A part to be sent.
struct SnapshotRead {
  NodeId to;
  std::string id;
  std::uint64_t offset = 0;
  std::uint64_t bytes_max = 0;
  friend bool operator==(const SnapshotRead&, const SnapshotRead&) = default;
};

/// What was stored of a snapshot when this server stopped.
struct PartialSnapshot {
  SnapshotMeta snapshot;
  std::uint64_t next_offset = 0;
};

/// Where a log begins that holds nothing before it.
struct LogBase {
  Index index;
  Term term;
  Configuration configuration;
};

}  // namespace conclave::raft
