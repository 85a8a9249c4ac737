#pragma once

/// The files in a log's directory.

#include <cstdint>
#include <string>
#include <vector>

#include "base/core/result.h"

namespace conclave::raft {

std::string segment_path(const std::string& directory, std::uint64_t id);
std::string spare_path(const std::string& directory, std::uint64_t id);
std::string new_segment_path(const std::string& directory, std::uint64_t id);

struct SegmentFiles {
  std::vector<std::uint64_t> segments;  ///< Ids, ascending.
  std::vector<std::string> spares;      ///< Paths.
  std::vector<std::string> leftovers;   ///< Paths of segments that were never finished.
};
/// Nothing at all if the directory does not exist.
Result<SegmentFiles> list_segment_files(const std::string& directory);

/// As much of a segment as its header can take, for decode_header().
Result<std::string> read_segment_head(const std::string& path);

}  // namespace conclave::raft
