#include "base/net/frame.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "base/core/bytes.h"
#include "base/net/hello.h"

namespace conclave {
namespace {

constexpr std::uint32_t seed = 0x1234'5678;
constexpr std::size_t limit = 100'000;

std::string framed(std::string_view body) {
  std::string out;
  append_frame(out, body, seed);
  return out;
}

/// Feeds the bytes in pieces of a size and collects the frames; "error" when one is refused.
std::vector<std::string> frames_of(FrameBuffer& buffer, std::string_view bytes, std::size_t piece) {
  std::vector<std::string> frames;
  while (!bytes.empty()) {
    const std::span<char> room = buffer.room();
    const std::size_t size = std::min({piece, bytes.size(), room.size()});
    std::memcpy(room.data(), bytes.data(), size);
    buffer.received(size);
    bytes.remove_prefix(size);
    for (;;) {
      const auto frame = buffer.next();
      if (!frame) {
        frames.emplace_back("error");
        return frames;
      }
      if (!*frame) break;
      frames.emplace_back(**frame);
    }
  }
  return frames;
}

FrameBuffer seeded() {
  FrameBuffer buffer(limit);
  buffer.set_seed(seed);
  return buffer;
}

TEST(Frame, arrives_whole_whatever_the_pieces) {
  const std::vector<std::string> bodies = {"a", "", std::string(50'000, 'b'), "c",
                                           std::string(limit, 'd')};
  std::string bytes;
  for (const std::string& body : bodies) bytes += framed(body);
  for (const std::size_t piece : {1u, 2u, 11u, 12u, 13u, 1000u, 4096u, 1'000'000u}) {
    FrameBuffer buffer = seeded();
    EXPECT_TRUE(frames_of(buffer, bytes, piece) == bodies) << piece;
  }
}

TEST(Frame, is_refused_with_any_bit_flipped) {
  const std::string whole = framed("some body");
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string bytes = whole;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
    FrameBuffer buffer = seeded();
    EXPECT_EQ(frames_of(buffer, bytes, 100), std::vector<std::string>{"error"}) << bit;
  }
}

TEST(Frame, waits_while_any_bytes_are_missing) {
  const std::string whole = framed("some body");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    FrameBuffer buffer = seeded();
    EXPECT_TRUE(frames_of(buffer, whole.substr(0, size), 100).empty()) << size;
  }
}

TEST(Frame, of_another_conversation_is_refused) {
  FrameBuffer buffer(limit);
  buffer.set_seed(seed + 1);
  EXPECT_EQ(frames_of(buffer, framed("body"), 100), std::vector<std::string>{"error"});
}

TEST(Frame, over_the_limit_is_refused_by_its_head) {
  FrameBuffer buffer(5);
  buffer.set_seed(seed);
  const std::string bytes = framed("123456").substr(0, frame_head_bytes);
  const std::span<char> room = buffer.room();
  std::memcpy(room.data(), bytes.data(), bytes.size());
  buffer.received(bytes.size());
  const auto frame = buffer.next();
  ASSERT_FALSE(frame);
  EXPECT_EQ(frame.error().code, ErrorCode::too_large);
  EXPECT_EQ(frame.error().message, "a frame of 6 bytes is announced; 5 is the limit");
}

TEST(Frame, takes_no_memory_for_what_is_only_announced) {
  FrameBuffer buffer(64 << 20);
  const std::string body(64 << 20, 'x');
  std::string bytes;
  append_frame(bytes, body, 0);
  EXPECT_TRUE(frames_of(buffer, bytes.substr(0, 100), 100).empty());
  buffer.room();
  EXPECT_LE(buffer.capacity(), 4096u);
  EXPECT_TRUE(frames_of(buffer, bytes.substr(100, 100'000), 4096).empty());
  buffer.room();
  EXPECT_LE(buffer.capacity(), 400'000u);
}

TEST(Frame, buffer_of_large_ones_is_given_back_when_only_small_ones_follow) {
  FrameBuffer buffer = seeded();
  EXPECT_EQ(frames_of(buffer, framed(std::string(limit, 'x')), 8192).size(), 1u);
  buffer.room();
  EXPECT_GE(buffer.capacity(), limit);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(frames_of(buffer, framed("small"), 8192).size(), 1u);
  EXPECT_LE(buffer.capacity(), 4096u);
}

TEST(Hello, comes_back_as_it_was) {
  const std::string bytes = encode_hello({Purpose::raft_snapshot, "details"});
  const auto purpose = decode_preamble(bytes.substr(0, preamble_bytes));
  ASSERT_TRUE(purpose);
  EXPECT_EQ(*purpose, Purpose::raft_snapshot);
  FrameBuffer buffer(hello_bytes_max);
  EXPECT_EQ(frames_of(buffer, bytes.substr(preamble_bytes), 100),
            std::vector<std::string>{"details"});
}

TEST(Hello, of_another_protocol_version_or_purpose_is_refused_by_name) {
  const auto sentence = [](const std::string& preamble) {
    const auto purpose = decode_preamble(preamble);
    return purpose ? "" : purpose.error().sentence;
  };
  EXPECT_EQ(sentence("GET / HT"), "this port speaks Conclave's protocol between servers");
  EXPECT_EQ(sentence("CNCLVE\x02\x01"),
            "version 2 of the protocol is not spoken here; version 1 is");
  EXPECT_EQ(sentence("CNCLVE\x01\x09"), "purpose 9 is not known here; upgrade this server");
  EXPECT_EQ(sentence(std::string("CNCLVE\x01\x00", 8)),
            "purpose 0 is not known here; upgrade this server");
  EXPECT_EQ(sentence("CNCLVE\x01\x03"), "");
}

TEST(Hello, answers_come_back_as_they_were) {
  const auto body = [](const std::string& frame) { return frame.substr(frame_head_bytes); };
  const auto welcome = decode_answer(body(encode_welcome("who I am")));
  ASSERT_TRUE(welcome);
  EXPECT_FALSE(welcome->refusal);
  EXPECT_EQ(welcome->details, "who I am");
  const Refusal refusal{RefusalCode::other_cluster, "why"};
  const auto refused = decode_answer(body(encode_refusal(refusal)));
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->refusal, refusal);
  EXPECT_FALSE(decode_answer(""));
}

}  // namespace
}  // namespace conclave
