#pragma once

/// Reading a log back after a stop of any kind, by the rule of docs/formats.md 2.3: a torn end is
/// told from damage. Reads only; LogWriter::resume() carries out the cut.

#include <cstdint>
#include <string>
#include <vector>

#include "base/core/result.h"
#include "raft/core/types.h"
#include "raft/wal/format.h"
#include "raft/wal/summary.h"

namespace conclave::raft {

/// A segment that is there, and the largest index that was ever written to it.
struct SegmentExtent {
  std::uint64_t id = 0;
  Index largest_index;
};

struct LogContents {
  LogIdentity identity;
  LogSummary summary;
  std::vector<Entry> entries;           ///< Those after the checkpoint.
  std::vector<SegmentExtent> segments;  ///< Ascending.
  std::uint64_t last_batch = 0;
  std::uint64_t end = 0;  ///< In the last segment: where the next batch goes.
  bool torn = false;      ///< Part of a batch that was never acknowledged follows.
};

/// Error `corrupt` names segment and offset, and what to do. Holds one segment in memory at a time.
Result<LogContents> read_log(const std::string& directory, Index checkpoint_index);

}  // namespace conclave::raft
