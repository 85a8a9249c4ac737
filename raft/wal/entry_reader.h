#pragma once

/// Reads entries back from the segments of a log that goes on being written: for followers that lag
/// further behind than the memory reaches. Knows nothing of the writer but the files, of which it
/// looks at what is durable only. Blocking; no thread of its own.

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/core/result.h"
#include "raft/core/log.h"
#include "raft/wal/format.h"
#include "raft/wal/segment_window.h"

namespace conclave::raft {

class EntryReader {
 public:
  EntryReader(std::string directory, const LogIdentity& identity)
      : directory_(std::move(directory)), identity_(identity) {}

  /// The first entries of the range, at least one, while their payloads stay within `bytes_max`.
  /// All of the range must be durable. Errors: not_found when the segments do not hold it, which
  /// they also seem not to where they are damaged; io.
  Result<std::vector<Entry>> read(const EntryRange& range, std::uint64_t bytes_max);

 private:
  struct Place {
    std::uint64_t segment = 0;
    std::uint64_t offset = 0;
  };
  Result<Place> find(Index first) const;
  Result<SegmentWindow> open(Place& place) const;
  Result<std::vector<Entry>> read_from(Place place, const EntryRange& range,
                                       std::uint64_t bytes_max);

  const std::string directory_;
  const LogIdentity identity_;
  /// Where the entries lie that follow those read last: they are asked for next.
  std::map<Index, Place> places_;
};

}  // namespace conclave::raft
