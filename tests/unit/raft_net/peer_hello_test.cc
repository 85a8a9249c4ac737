#include "raft/net/peer_hello.h"

#include <gtest/gtest.h>

#include <functional>

namespace conclave::raft {
namespace {

PeerIdentity identity(std::string id) {
  PeerIdentity made;
  made.cluster_id.fill(7);
  made.recovery_epoch = 3;
  made.node_id = {std::move(id)};
  made.incarnation.fill(5);
  made.boot_counter = 10;
  made.run_id = 1000;
  made.address = "10.0.0.1:8300";
  return made;
}

PeerHello hello() { return {.sender = identity("sender"), .receiver = {"me"}}; }

TEST(PeerHello, comes_back_as_it_was) {
  const auto decoded = decode_peer_hello(encode_peer_hello(hello()));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->sender.cluster_id, hello().sender.cluster_id);
  EXPECT_EQ(decoded->sender.recovery_epoch, 3u);
  EXPECT_EQ(decoded->sender.node_id.value, "sender");
  EXPECT_EQ(decoded->sender.incarnation, hello().sender.incarnation);
  EXPECT_EQ(decoded->sender.boot_counter, 10u);
  EXPECT_EQ(decoded->sender.run_id, 1000u);
  EXPECT_EQ(decoded->sender.address, "10.0.0.1:8300");
  EXPECT_EQ(decoded->receiver.value, "me");
}

TEST(PeerHello, is_refused_with_bytes_missing_or_added_and_has_one_spelling) {
  const std::string whole = encode_peer_hello(hello());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(decode_peer_hello(whole.substr(0, size))) << size;
  }
  EXPECT_FALSE(decode_peer_hello(whole + "x"));
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (int change = 1; change < 256; ++change) {
      std::string bytes = whole;
      bytes[at] = static_cast<char>(bytes[at] ^ change);
      const auto decoded = decode_peer_hello(bytes);
      if (decoded) EXPECT_EQ(encode_peer_hello(*decoded), bytes) << at;
    }
  }
}

struct Case {
  const char* name;
  std::function<void(PeerHello& hello, PeerIdentity& self, std::optional<SeenPeer>& seen)> change;
  std::optional<RefusalCode> refused;
};

constexpr SeenPeer same{.boot_counter = 10, .run_id = 1000};
constexpr SeenPeer same_alive{.boot_counter = 10, .run_id = 1000, .is_alive = true};
constexpr SeenPeer twin{.boot_counter = 10, .run_id = 1001};
constexpr SeenPeer former{.boot_counter = 9, .run_id = 999};
constexpr SeenPeer former_alive{.boot_counter = 9, .run_id = 999, .is_alive = true};
constexpr SeenPeer later{.boot_counter = 11, .run_id = 1002};
constexpr SeenPeer later_alive{.boot_counter = 11, .run_id = 1002, .is_alive = true};

TEST(PeerHello, judgement) {
  const std::vector<Case> cases = {
      {"a member", [](auto&, auto&, auto&) {}, std::nullopt},
      {"no cluster here", [](auto&, auto& self, auto&) { self.cluster_id = {}; },
       RefusalCode::not_ready},
      {"another cluster", [](auto& from, auto&, auto&) { from.sender.cluster_id.fill(8); },
       RefusalCode::other_cluster},
      {"no cluster there", [](auto& from, auto&, auto&) { from.sender.cluster_id = {}; },
       RefusalCode::other_cluster},
      {"before a recovery", [](auto& from, auto&, auto&) { from.sender.recovery_epoch = 2; },
       RefusalCode::lower_epoch},
      {"after a recovery", [](auto& from, auto&, auto&) { from.sender.recovery_epoch = 4; },
       RefusalCode::higher_epoch},
      {"for somebody else", [](auto& from, auto&, auto&) { from.receiver = {"other"}; },
       RefusalCode::wrong_receiver},
      {"our own node id", [](auto& from, auto&, auto&) { from.sender.node_id = {"me"}; },
       RefusalCode::copied_directory},
      {"we ourselves, under another's address",
       [](auto& from, auto& self, auto&) {
         from.sender = self;
         from.receiver = {"other"};
       },
       RefusalCode::wrong_receiver},
      {"connects again", [](auto&, auto&, auto& seen) { seen = same; }, std::nullopt},
      {"connects again, the old connection still open",
       [](auto&, auto&, auto& seen) { seen = same_alive; }, std::nullopt},
      {"same start, another process", [](auto&, auto&, auto& seen) { seen = twin; },
       RefusalCode::copied_directory},
      {"was started again", [](auto&, auto&, auto& seen) { seen = former; }, std::nullopt},
      {"a later start while the former is alive",
       [](auto&, auto&, auto& seen) { seen = former_alive; }, RefusalCode::copied_directory},
      {"an earlier start", [](auto&, auto&, auto& seen) { seen = later; }, RefusalCode::older_boot},
      {"an earlier start while the later is alive",
       [](auto&, auto&, auto& seen) { seen = later_alive; }, RefusalCode::copied_directory},
  };
  for (const Case& each : cases) {
    PeerHello from = hello();
    PeerIdentity self = identity("me");
    self.run_id = 2000;
    std::optional<SeenPeer> seen;
    each.change(from, self, seen);
    const auto refusal = judge(from, self, seen);
    EXPECT_EQ(refusal ? std::optional(refusal->code) : std::nullopt, each.refused) << each.name;
    EXPECT_TRUE(!refusal || !refusal->sentence.empty()) << each.name;
  }
}

TEST(PeerHello, refusals_say_what_to_do) {
  PeerHello from = hello();
  from.sender.recovery_epoch = 2;
  EXPECT_EQ(judge(from, identity("me"), std::nullopt)->sentence,
            "this cluster was recovered without server sender (epoch 3, the server has epoch 2): "
            "move its data directory away and let it join as a new one");
}

TEST(PeerHello, seed_differs_with_everything_it_is_made_of) {
  const std::uint32_t plain = frame_seed(hello());
  const std::vector<std::function<void(PeerHello&)>> changes = {
      [](PeerHello& from) { from.sender.cluster_id[15] = 0; },
      [](PeerHello& from) { from.sender.recovery_epoch = 4; },
      [](PeerHello& from) { from.sender.node_id.value += "x"; },
      [](PeerHello& from) { from.sender.incarnation[0] = 0; },
      [](PeerHello& from) { from.receiver.value += "x"; },
      [](PeerHello& from) { std::swap(from.receiver, from.sender.node_id); },
  };
  for (const auto& change : changes) {
    PeerHello from = hello();
    change(from);
    EXPECT_NE(frame_seed(from), plain);
  }
  EXPECT_EQ(frame_seed(hello()), plain);
}

}  // namespace
}  // namespace conclave::raft
