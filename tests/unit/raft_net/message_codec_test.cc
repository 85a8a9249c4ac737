#include "raft/net/message_codec.h"

#include <gtest/gtest.h>

#include "base/core/bytes.h"

namespace conclave::raft {
namespace {

const Envelope envelope{.from = {"a"}, .to = {"b"}, .incarnation = {1, 2, 3}};

Message with(MessageBody body) {
  return {.from = envelope.from,
          .to = envelope.to,
          .term = {300},
          .body = std::move(body),
          .incarnation = envelope.incarnation};
}

Configuration some_configuration() {
  return {.servers = {{.id = {"a"}, .incarnation = {9}, .address = "10.0.0.1:8300"},
                      {.id = {"b"}, .address = "b:8300", .suffrage = Suffrage::learner}},
          .outgoing = {{.id = {"c"}}}};
}

std::vector<Message> one_of_each() {
  return {
      with(RequestVote{{301}, {1000}, {299}, true, 0}),
      with(RequestVote{{300}, {UINT64_MAX}, {UINT64_MAX}, false, 77}),
      with(RequestVoteReply{{301}, true, false}),
      with(RequestVoteReply{{301}, false, true}),
      with(AppendEntries{{10}, {3}, {}, {9}}),
      with(AppendEntries{{10},
                         {3},
                         {{{3}, {11}, EntryKind::command, "payload"},
                          {{4}, {12}, EntryKind::noop, ""},
                          {{4}, {13}, EntryKind::configuration, std::string(50, '\0')}},
                         {11}}),
      with(AppendEntriesReply{true, {12}, {}, {}, {}}),
      with(AppendEntriesReply{false, {}, {500}, {400}, {2}}),
      with(Heartbeat{123456789, {10}}),
      with(HeartbeatReply{123456789}),
      with(
          InstallSnapshot{{"id", {10}, {3}, some_configuration(), 1 << 20}, 4096, "chunk", 0xabcd}),
      with(InstallSnapshotReply{"id", 8192}),
      with(TimeoutNow{5}),
  };
}

std::string encoded(const Message& message) {
  std::string out;
  append_message(out, message);
  return out;
}

TEST(MessageCodec, every_message_comes_back_as_it_was) {
  for (const Message& message : one_of_each()) {
    const auto decoded = decode_message(encoded(message), envelope);
    ASSERT_TRUE(decoded) << message.body.index();
    EXPECT_EQ(*decoded, message) << message.body.index();
  }
}

TEST(MessageCodec, refuses_missing_and_additional_bytes) {
  for (const Message& message : one_of_each()) {
    const std::string whole = encoded(message);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      EXPECT_FALSE(decode_message(whole.substr(0, size), envelope))
          << message.body.index() << ' ' << size;
    }
    EXPECT_FALSE(decode_message(whole + '\0', envelope)) << message.body.index();
  }
}

TEST(MessageCodec, has_one_spelling_for_each_message) {
  for (const Message& message : one_of_each()) {
    const std::string whole = encoded(message);
    for (std::size_t at = 0; at < whole.size(); ++at) {
      for (int change = 1; change < 256; ++change) {
        std::string bytes = whole;
        bytes[at] = static_cast<char>(bytes[at] ^ change);
        const auto decoded = decode_message(bytes, envelope);
        if (decoded) EXPECT_EQ(encoded(*decoded), bytes) << message.body.index() << ' ' << at;
      }
    }
  }
}

TEST(MessageCodec, refuses_kinds_it_does_not_know) {
  EXPECT_FALSE(decode_message("", envelope));
  EXPECT_FALSE(decode_message(std::string_view("\0\1\1", 3), envelope));
  EXPECT_FALSE(decode_message("\x0a\x01\x01", envelope));
}

TEST(MessageCodec, reserves_nothing_for_entries_that_are_only_announced) {
  std::string bytes;
  append_u8(bytes, 3);
  for (int i = 0; i < 4; ++i) append_varint(bytes, 1);  // Term, previous index and term, commit.
  append_varint(bytes, std::uint64_t{1} << 62);
  bytes += "some bytes";
  EXPECT_FALSE(decode_message(bytes, envelope));
}

TEST(MessageCodec, refuses_entries_beyond_the_last_index) {
  std::string bytes;
  append_u8(bytes, 3);
  append_varint(bytes, 1);
  append_varint(bytes, UINT64_MAX);
  append_varint(bytes, 1);
  append_varint(bytes, 1);
  append_varint(bytes, 1);
  append_u8(bytes, 1);
  append_varint(bytes, 1);
  append_sized(bytes, "payload");
  EXPECT_FALSE(decode_message(bytes, envelope));
}

}  // namespace
}  // namespace conclave::raft
