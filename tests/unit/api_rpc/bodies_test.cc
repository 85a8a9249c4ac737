#include "api/rpc/bodies.h"

#include <gtest/gtest.h>

#include "api/rpc/identity.h"
#include "base/net/frame.h"

namespace conclave::api {
namespace {

/// The frames of one write.
std::vector<RpcFrame> frames_in(const std::string& bytes) {
  std::vector<RpcFrame> frames;
  std::string_view rest = bytes;
  while (!rest.empty()) {
    const auto size = static_cast<std::size_t>(static_cast<std::uint8_t>(rest[0])) |
                      static_cast<std::size_t>(static_cast<std::uint8_t>(rest[1])) << 8 |
                      static_cast<std::size_t>(static_cast<std::uint8_t>(rest[2])) << 16;
    const auto frame = decode_rpc_frame(rest.substr(frame_head_bytes, size));
    EXPECT_TRUE(frame);
    if (frame) frames.push_back(*frame);
    rest.remove_prefix(frame_head_bytes + size);
  }
  return frames;
}

RpcFrame call_head(std::uint64_t id) {
  return {.kind = RpcFrameKind::call, .id = id, .method = RpcMethod::propose};
}

std::string written(const RpcFrame& frame) {
  std::string out;
  append_rpc_frame(out, frame);
  return out.substr(frame_head_bytes);
}

std::vector<RpcFrame> one_of_each() {
  return {
      {.kind = RpcFrameKind::call, .id = 300, .method = RpcMethod::http, .size = 10, .bytes = "a"},
      {.kind = RpcFrameKind::call, .id = 1, .method = RpcMethod::http},
      {.kind = RpcFrameKind::more, .id = 300, .bytes = "b"},
      {.kind = RpcFrameKind::reply, .id = 2, .size = 3, .bytes = "abc"},
      {.kind = RpcFrameKind::error, .id = 2, .code = ErrorCode::exists, .bytes = "why"},
      {.kind = RpcFrameKind::cancel, .id = 2},
      {.kind = RpcFrameKind::ping},
      {.kind = RpcFrameKind::pong},
  };
}

TEST(RpcFrame, comes_back_as_it_was) {
  for (const RpcFrame& frame : one_of_each()) {
    const std::string bytes = written(frame);
    const auto decoded = decode_rpc_frame(bytes);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->kind, frame.kind);
    EXPECT_EQ(decoded->id, frame.id);
    EXPECT_EQ(decoded->method, frame.method);
    EXPECT_EQ(decoded->size, frame.size);
    EXPECT_EQ(decoded->code, frame.code);
    EXPECT_EQ(decoded->bytes, frame.bytes);
  }
}

TEST(RpcFrame, cut_or_changed_is_refused_or_another_frame) {
  for (const RpcFrame& frame : one_of_each()) {
    const std::string whole = written(frame);
    for (std::size_t size = 0; size <= whole.size(); ++size) {
      const std::string bytes = whole.substr(0, size);
      const auto decoded = decode_rpc_frame(bytes);
      if (decoded) EXPECT_LE(decoded->bytes.size(), size);
    }
    for (std::size_t at = 0; at < whole.size(); ++at) {
      for (int change = 1; change < 256; ++change) {
        std::string bytes = whole;
        bytes[at] = static_cast<char>(bytes[at] ^ change);
        const auto decoded = decode_rpc_frame(bytes);
        if (decoded) EXPECT_LE(decoded->bytes.size(), bytes.size());
      }
    }
  }
  EXPECT_FALSE(decode_rpc_frame(""));
  EXPECT_FALSE(decode_rpc_frame(std::string_view("\0", 1)));
  EXPECT_FALSE(decode_rpc_frame("\x08"));
  EXPECT_FALSE(decode_rpc_frame("\x06x"));                // A ping that says something.
  EXPECT_FALSE(decode_rpc_frame("\x01\x05\x01\x02xxx"));  // A piece longer than the whole.
  EXPECT_FALSE(decode_rpc_frame("\x01\x05\x01\x02"));     // The first piece of something, empty.
  EXPECT_FALSE(decode_rpc_frame("\x02\x05"));
}

TEST(RpcFrame, every_error_code_comes_back_as_it_was) {
  for (int code = 0; code <= static_cast<int>(ErrorCode::exists); ++code) {
    const RpcFrame frame{
        .kind = RpcFrameKind::error, .id = 1, .code = static_cast<ErrorCode>(code), .bytes = ""};
    EXPECT_EQ(decode_rpc_frame(written(frame))->code, frame.code) << code;
  }
  EXPECT_EQ(decode_rpc_frame("\x04\x01\xff")->code, ErrorCode::failed);
}

TEST(Outbox, lets_short_bodies_pass_between_the_pieces_of_long_ones) {
  Outbox outbox;
  outbox.push(call_head(1), std::string(600'000, 'l'));
  outbox.push(call_head(2), std::string(600'000, 'm'));
  outbox.push(call_head(3), "short");
  outbox.push_now({.kind = RpcFrameKind::ping});
  std::vector<std::string> order;
  while (!outbox.empty()) {
    std::string out;
    outbox.fill(out);
    for (const RpcFrame& frame : frames_in(out)) {
      order.push_back(std::to_string(static_cast<int>(frame.kind)) + ":" +
                      std::to_string(frame.id));
    }
    if (order.size() == 3) outbox.push(call_head(4), "short");
  }
  EXPECT_EQ(order, (std::vector<std::string>{"6:0", "1:3", "1:1", "1:4", "1:2", "2:1", "2:2", "2:1",
                                             "2:2"}));
  EXPECT_EQ(outbox.bytes(), 0u);
}

TEST(Outbox, forgets_what_is_withdrawn) {
  Outbox outbox;
  outbox.push(call_head(1), std::string(600'000, 'l'));
  outbox.push(call_head(2), "short");
  std::string out;
  outbox.fill(out);
  EXPECT_FALSE(outbox.withdraw(2));
  EXPECT_TRUE(outbox.withdraw(1));
  EXPECT_FALSE(outbox.withdraw(1));
  EXPECT_TRUE(outbox.empty());
  EXPECT_EQ(outbox.bytes(), 0u);
}

TEST(Inbox, puts_together_what_an_outbox_takes_apart) {
  Outbox outbox;
  std::map<std::uint64_t, std::string> bodies;
  for (std::uint64_t id = 1; id <= 9; ++id) {
    bodies[id] = std::string(id * 123'456 % 700'000, static_cast<char>('a' + id));
    outbox.push(call_head(id), bodies[id]);
  }
  bodies[10] = "";
  outbox.push(call_head(10), "");
  Inbox inbox(1 << 20, 64 << 20);
  std::map<std::uint64_t, std::string> arrived;
  while (!outbox.empty()) {
    std::string out;
    outbox.fill(out);
    for (const RpcFrame& frame : frames_in(out)) {
      auto whole = inbox.add(frame);
      ASSERT_TRUE(whole);
      if (*whole) arrived[(*whole)->id] = std::move((*whole)->body);
    }
  }
  EXPECT_TRUE(arrived == bodies);
  EXPECT_EQ(inbox.bytes(), 0u);
}

TEST(Inbox, believes_no_sizes) {
  Inbox inbox(1000, 1500);
  const auto begin = [](std::uint64_t id, std::uint64_t size, std::string_view bytes) {
    return RpcFrame{.kind = RpcFrameKind::call, .id = id, .size = size, .bytes = bytes};
  };
  const auto more = [](std::uint64_t id, std::string_view bytes) {
    return RpcFrame{.kind = RpcFrameKind::more, .id = id, .bytes = bytes};
  };
  EXPECT_EQ(inbox.add(begin(1, 1001, "x")).error().code, ErrorCode::too_large);
  EXPECT_TRUE(inbox.add(begin(1, 3, "x")));
  EXPECT_EQ(inbox.add(begin(1, 3, "x")).error().code, ErrorCode::corrupt);
  EXPECT_EQ(inbox.add(more(1, "xyz")).error().code, ErrorCode::corrupt);
  EXPECT_FALSE(*inbox.add(more(7, "of nothing")));
  const std::string large(999, 'x');
  EXPECT_TRUE(inbox.add(begin(2, 1000, large)));
  EXPECT_TRUE(inbox.add(begin(3, 1000, "x")));
  EXPECT_EQ(inbox.add(more(3, std::string(998, 'x'))).error().code, ErrorCode::too_large);
  inbox.drop(2);
  inbox.drop(3);
  EXPECT_FALSE(*inbox.add(more(2, "x")));
  EXPECT_EQ(inbox.bytes(), 1u);
}

RpcIdentity node(std::string name, bool is_server) {
  RpcIdentity made{.node_id = "id-" + name, .name = std::move(name), .datacenter = "dc1"};
  made.cluster_id.fill(1);
  made.recovery_epoch = 2;
  made.is_server = is_server;
  return made;
}

TEST(RpcIdentity, comes_back_as_it_was_and_has_one_spelling) {
  const RpcIdentity identity = node("a", true);
  const std::string whole = encode_rpc_identity(identity);
  EXPECT_EQ(decode_rpc_identity(whole), identity);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(decode_rpc_identity(whole.substr(0, size))) << size;
  }
  EXPECT_FALSE(decode_rpc_identity(whole + "x"));
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (int change = 1; change < 256; ++change) {
      std::string bytes = whole;
      bytes[at] = static_cast<char>(bytes[at] ^ change);
      const auto decoded = decode_rpc_identity(bytes);
      if (decoded) EXPECT_EQ(encode_rpc_identity(*decoded), bytes);
    }
  }
}

struct Case {
  const char* name;
  std::function<void(RpcIdentity& other, RpcIdentity& self)> change;
  std::optional<RefusalCode> refused;
};

TEST(RpcIdentity, judgement) {
  const std::vector<Case> cases = {
      {"one cluster", [](auto&, auto&) {}, std::nullopt},
      {"another datacenter", [](auto& other, auto&) { other.datacenter = "dc2"; },
       RefusalCode::other_datacenter},
      {"another cluster", [](auto& other, auto&) { other.cluster_id.fill(2); },
       RefusalCode::other_cluster},
      {"no cluster there", [](auto& other, auto&) { other.cluster_id = {}; }, std::nullopt},
      {"no cluster here", [](auto&, auto& self) { self.cluster_id = {}; }, std::nullopt},
      {"a server from before a recovery", [](auto& other, auto&) { other.recovery_epoch = 1; },
       RefusalCode::lower_epoch},
      {"an agent that has not heard of the recovery",
       [](auto& other, auto&) {
         other.recovery_epoch = 1;
         other.is_server = false;
       },
       std::nullopt},
      {"this server is from before a recovery",
       [](auto& other, auto&) { other.recovery_epoch = 3; }, RefusalCode::higher_epoch},
      {"this agent has not heard of the recovery",
       [](auto& other, auto& self) {
         other.recovery_epoch = 3;
         self.is_server = false;
       },
       std::nullopt},
      {"an agent knows of a recovery that this server was not part of",
       [](auto& other, auto&) {
         other.recovery_epoch = 3;
         other.is_server = false;
       },
       RefusalCode::higher_epoch},
      {"a server in no cluster, whatever its epoch",
       [](auto& other, auto&) {
         other.cluster_id = {};
         other.recovery_epoch = 0;
       },
       std::nullopt},
  };
  for (const Case& each : cases) {
    RpcIdentity other = node("other", true);
    RpcIdentity self = node("self", true);
    each.change(other, self);
    const auto refusal = judge(other, self);
    EXPECT_EQ(refusal ? std::optional(refusal->code) : std::nullopt, each.refused) << each.name;
  }
}

TEST(RpcIdentity, refusals_name_both_sides) {
  RpcIdentity other = node("other", false);
  other.datacenter = "dc2";
  EXPECT_EQ(judge(other, node("self", true))->sentence,
            "agent other (id-other) belongs to datacenter dc2, server self (id-self) to datacenter "
            "dc1; joining several datacenters is not possible");
}

}  // namespace
}  // namespace conclave::api
