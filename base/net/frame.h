#pragma once

/// Frames: how a stream of bytes becomes messages again, whole and as they were sent.
///
///   0  4  n: bytes of the body
///   4  4  CRC-32C of the body
///   8  4  CRC-32C of bytes 0 .. 8
///  12  n  body
///
/// Both checksums continue from a seed that sender and receiver agreed on, so that a frame that was
/// meant for another conversation verifies nowhere else. A length is believed only after its own
/// checksum, and memory grows with the bytes that have come, never by what they announce. Pure.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/core/result.h"

namespace conclave {

inline constexpr std::size_t frame_head_bytes = 12;

/// Begins a frame at the end of `out`; what is appended from now on is its body. Answers where it
/// begins, for seal_frame().
std::size_t begin_frame(std::string& out);
void seal_frame(std::string& out, std::size_t begin, std::uint32_t seed);
/// Both in one, for a body that is there already.
void append_frame(std::string& out, std::string_view body, std::uint32_t seed);

/// Received bytes and the frames in them.
class FrameBuffer {
 public:
  /// `frame_bytes_max`: of a body; longer ones are ErrorCode::too_large.
  explicit FrameBuffer(std::size_t frame_bytes_max) : frame_bytes_max_(frame_bytes_max) {}

  /// From the next frame on.
  void set_limit(std::size_t frame_bytes_max) { frame_bytes_max_ = frame_bytes_max; }
  void set_seed(std::uint32_t seed) { seed_ = seed; }

  /// Where to put what is received next; never empty. Ends the life of what next() returned.
  std::span<char> room();
  void received(std::size_t size);

  /// The next frame's body, if it is there whole; borrowed until room(). ErrorCode::corrupt or
  /// too_large: nothing that follows can be trusted.
  Result<std::optional<std::string_view>> next();
  /// The first bytes as they are, outside of any frame; nullopt while fewer are there.
  std::optional<std::string_view> take_raw(std::size_t size);

  std::size_t capacity() const { return bytes_.size(); }

 private:
  std::size_t frame_bytes_max_;
  std::uint32_t seed_ = 0;
  std::string bytes_;  ///< Received and not taken yet: [begin_, end_).
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool was_filled_ = false;
  unsigned unneeded_ = 0;  ///< Receptions in a row for which less would have done.
};

}  // namespace conclave
