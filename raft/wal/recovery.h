#pragma once

/// Reading a log back after a stop of any kind, by the rule of docs/formats.md 2.3: a torn end is
/// told from damage. Reads only; LogWriter::resume() carries out the cut.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/core/result.h"
#include "raft/core/snapshot.h"
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
  /// Ids of segments before one that begins anew: nothing in them counts, they may go.
  std::vector<std::uint64_t> superseded;
  /// The state was installed from a snapshot that this log knows nothing of: it must begin again
  /// after that, and `entries` are empty.
  bool behind_state = false;
};

/// Error `corrupt` names segment and offset, and what to do. Holds one segment in memory at a time.
/// `installed`: where the log belongs if the state is what a snapshot held and nothing was applied
/// since; its index is the checkpoint's.
Result<LogContents> read_log(const std::string& directory, Index checkpoint_index,
                             const std::optional<LogBase>& installed = {});

/// What can be read of a log, damaged or not: for those who rebuild a quorum from it.
struct SalvagedLog {
  LogContents contents;  ///< Up to the damage.
  std::optional<Error> damage;
};
/// An error only if nothing at all can be read.
Result<SalvagedLog> salvage_log(const std::string& directory, Index checkpoint_index);

}  // namespace conclave::raft
