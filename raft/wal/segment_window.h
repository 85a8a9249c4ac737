#pragma once

/// The records of one segment's file, through a window that moves on. Blocking.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/core/result.h"
#include "base/run/file.h"
#include "raft/wal/format.h"

namespace conclave::raft {

class SegmentWindow {
 public:
  /// `seed`: checksum_seed() of that segment.
  static Result<SegmentWindow> open(const std::string& path, std::uint32_t seed);

  struct Found {
    Record record;          ///< Valid until the next call.
    std::uint64_t end = 0;  ///< In the file: where the next one may begin.
  };
  /// The record at that offset of the file; nullopt if none that verifies is there.
  Result<std::optional<Found>> record_at(std::uint64_t offset);

 private:
  bool holds(std::uint64_t offset, std::size_t size) const;
  Result<void> load(std::uint64_t offset, std::size_t size);

  std::string path_;
  std::uint32_t seed_ = 0;
  Descriptor file_;
  std::uint64_t size_ = 0;
  std::uint64_t begin_ = 0;  ///< Of the window.
  std::string bytes_;
};

}  // namespace conclave::raft
