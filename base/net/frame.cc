#include "base/net/frame.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/core/assert.h"
#include "base/core/bytes.h"
#include "base/core/crc32c.h"

namespace conclave {
namespace {

constexpr std::size_t body_crc_at = 4;
constexpr std::size_t head_crc_at = 8;

/// What a quiet connection holds.
constexpr std::size_t least_capacity = std::size_t{4} * 1024;
/// Up to here the buffer grows only to need fewer system calls, and is kept when it is empty.
constexpr std::size_t comfortable_capacity = std::size_t{64} * 1024;
/// What large frames have grown is given back after so many receptions that did not need it.
constexpr unsigned kept_for_receptions = 8;

void store_u32_le(char* at, std::uint32_t value) { std::memcpy(at, &value, sizeof value); }

}  // namespace

std::size_t begin_frame(std::string& out) {
  const std::size_t begin = out.size();
  out.append(frame_head_bytes, '\0');
  return begin;
}

void seal_frame(std::string& out, std::size_t begin, std::uint32_t seed) {
  CONCLAVE_ASSERT(out.size() >= begin + frame_head_bytes);
  const std::string_view body = std::string_view(out).substr(begin + frame_head_bytes);
  CONCLAVE_ASSERT(body.size() <= UINT32_MAX);
  char* head = out.data() + begin;
  store_u32_le(head, static_cast<std::uint32_t>(body.size()));
  store_u32_le(head + body_crc_at, crc32c(body, seed));
  store_u32_le(head + head_crc_at, crc32c({head, head_crc_at}, seed));
}

void append_frame(std::string& out, std::string_view body, std::uint32_t seed) {
  const std::size_t begin = begin_frame(out);
  out.append(body);
  seal_frame(out, begin, seed);
}

std::span<char> FrameBuffer::room() {
  if (begin_ == end_) {
    const bool is_grown = bytes_.size() > comfortable_capacity;
    unneeded_ = is_grown && end_ <= comfortable_capacity ? unneeded_ + 1 : 0;
    if (unneeded_ >= kept_for_receptions) bytes_ = std::string();
    begin_ = end_ = 0;
  } else if (begin_ > 0) {
    std::memmove(bytes_.data(), bytes_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  const bool busy = was_filled_ && bytes_.size() < comfortable_capacity;
  if (end_ == bytes_.size() || busy) {
    bytes_.resize(std::max(least_capacity, bytes_.size() * 2));
  }
  was_filled_ = false;
  return {bytes_.data() + end_, bytes_.size() - end_};
}

void FrameBuffer::received(std::size_t size) {
  CONCLAVE_ASSERT(size <= bytes_.size() - end_);
  end_ += size;
  was_filled_ = end_ == bytes_.size();
}

Result<std::optional<std::string_view>> FrameBuffer::next() {
  const std::string_view bytes = std::string_view(bytes_).substr(begin_, end_ - begin_);
  if (bytes.size() < frame_head_bytes) return std::nullopt;
  if (load_u32_le(bytes.data() + head_crc_at) != crc32c(bytes.substr(0, head_crc_at), seed_)) {
    return fail(ErrorCode::corrupt, "a frame's head has a wrong checksum");
  }
  const std::size_t size = load_u32_le(bytes.data());
  if (size > frame_bytes_max_) {
    return fail(ErrorCode::too_large, fmt::format("a frame of {} bytes is announced; {} is the "
                                                  "limit",
                                                  size, frame_bytes_max_));
  }
  if (bytes.size() - frame_head_bytes < size) return std::nullopt;
  const std::string_view body = bytes.substr(frame_head_bytes, size);
  if (load_u32_le(bytes.data() + body_crc_at) != crc32c(body, seed_)) {
    return fail(ErrorCode::corrupt, "a frame's body has a wrong checksum");
  }
  begin_ += frame_head_bytes + size;
  return body;
}

std::optional<std::string_view> FrameBuffer::take_raw(std::size_t size) {
  if (end_ - begin_ < size) return std::nullopt;
  begin_ += size;
  return std::string_view(bytes_).substr(begin_ - size, size);
}

}  // namespace conclave
