#pragma once

/// The file of the segment that is written to: bytes go after its end, and are durable when a call
/// returns. Blocking, like the writer that owns it; after an error it is of no further use.
///
/// Where the file system can (statx names an alignment), writes go past the page cache to the disk:
/// a small batch costs a sixth to a quarter less time and CPU than through it, and the log takes no
/// memory of the host. Such writes are of whole blocks, so the beginning of the last block is kept
/// and written again with what follows; through the page cache it would be no different.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/result.h"
#include "base/run/file.h"

namespace conclave::raft {

class OpenSegment {
 public:
  OpenSegment() = default;

  /// Makes the file if there is none. What is in it counts as filled, and its end as 0.
  static Result<OpenSegment> open(const std::string& path);

  /// Takes what is in the file below `end` for written; for a file that was just opened.
  Result<void> go_to(std::uint64_t end);
  /// Writes behind the end; what follows in the last block becomes zero.
  Result<void> append(std::string_view bytes);
  /// The same in three steps, for who does the write itself: lay_out(), then all of write(), then
  /// appended(). Nothing else may be called in between.
  struct Write {
    int file = -1;
    std::uint64_t offset = 0;
    std::string_view blocks;  ///< Aligned, and there until appended().
  };
  Write lay_out(std::string_view bytes);
  Result<void> write(const Write& write);
  void appended(std::size_t bytes);
  /// Writes zeros from where the file is filled to `until`, in whole blocks.
  Result<void> fill_to(std::uint64_t until);
  /// Makes every byte behind the end zero, and all of the file durable, also what others wrote.
  Result<void> zero_rest();

  void renamed(std::string path) { path_ = std::move(path); }
  const std::string& path() const { return path_; }
  std::uint64_t end() const { return end_; }
  /// Blocks below were written before, which makes writing them again cheaper.
  std::uint64_t filled() const { return filled_; }
  /// Whether writes go past the page cache.
  bool direct() const { return direct_; }

 private:
  struct alignas(4096) Block {
    std::array<char, 4096> bytes;
  };

  static std::string_view view(const std::vector<Block>& blocks);
  char* bytes() { return blocks_.front().bytes.data(); }

  Descriptor file_;
  std::string path_;
  bool direct_ = false;
  std::uint64_t end_ = 0;
  std::uint64_t filled_ = 0;
  std::vector<Block> blocks_;  ///< Begins with what the last block holds below the end.
};

}  // namespace conclave::raft
