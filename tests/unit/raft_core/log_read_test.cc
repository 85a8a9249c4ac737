/// Entries that a follower lacks after a snapshot and that its leader has on disk only.

#include "tests/paper/fixture.h"

namespace conclave::raft {
namespace {

/// a leads; b has just installed a snapshot up to 3, of which a does not know yet. Entries 4 to 8
/// followed, and a's checkpoint with them.
class DiskTail : public testing::Test {
 protected:
  static Options options() {
    Options out = test_options();
    out.append_bytes_max = 40;
    return out;
  }
  DiskTail() {
    a.node.compact(Index{3});
    a.become_leader();
    a.exchange();
    a.acknowledge("c", Index{4});
    a.exchange();
    a.receive("b", 2, AppendEntriesReply{false, {}, Index{3}, Index{1}, Term{1}});
    a.take();
    a.node.offer_snapshot({"s", Index{3}, Term{1}, voters({"a", "b", "c"}), 6});
    a.take();
    for (std::uint64_t index = 5; index < 9; ++index) propose(index);
    a.node.compact(Index{8});
  }
  void propose(std::uint64_t index) {
    EXPECT_TRUE(a.node.propose(std::string(20, 'x')));
    a.exchange();
    a.acknowledge("c", Index{index});
    a.exchange();
  }
  std::vector<LogRead> reads() { return a.take().log_reads; }
  static std::vector<Entry> entries(std::uint64_t from, std::uint64_t to) {
    std::vector<Entry> out;
    for (std::uint64_t i = from; i <= to; ++i) out.push_back(command(2, i, std::string(20, 'x')));
    return out;
  }
  /// The AppendEntries to b that are ready: where each begins and how many entries it has.
  std::vector<std::pair<Index, std::size_t>> sent_to_b() {
    std::vector<std::pair<Index, std::size_t>> out;
    for (const Message& message : a.exchange()) {
      const auto* append = std::get_if<AppendEntries>(&message.body);
      if (append == nullptr || message.to != NodeId{"b"}) continue;
      out.emplace_back(append->prev_log_index, append->entries.size());
    }
    return out;
  }
  Subject a{log_of_terms({1, 1, 1}, 1, 3), {"a", "b", "c"}, options()};
};

TEST_F(DiskTail, the_tail_is_kept_but_not_in_memory) {
  EXPECT_EQ(a.node.first_index(), Index{4});
  EXPECT_EQ(a.node.term_at(Index{8}), Term{2});
}

TEST_F(DiskTail, what_the_follower_needs_is_read_and_sent_piece_by_piece) {
  a.acknowledge("b", Index{3});
  auto asked = reads();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].to, NodeId{"b"});
  EXPECT_EQ(asked[0].entries, (EntryRange{Index{4}, Index{8}, Term{2}}));
  EXPECT_EQ(asked[0].bytes_max, 40U);
  a.node.send_entries(asked[0], entries(4, 6));
  // The next read is under way before the follower has answered.
  asked = a.node.take_ready().log_reads;
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].entries.first, Index{7});
  propose(9);
  a.node.send_entries(asked[0], entries(7, 8));
  EXPECT_EQ(sent_to_b(),
            (std::vector<std::pair<Index, std::size_t>>{{Index{6}, 2}, {Index{8}, 1}}));
}

TEST_F(DiskTail, one_read_is_under_way_for_a_follower) {
  a.acknowledge("b", Index{3});
  EXPECT_EQ(reads().size(), 1U);
  a.receive("b", 2, HeartbeatReply{1});
  propose(9);
  EXPECT_TRUE(reads().empty());
}

TEST_F(DiskTail, what_is_no_longer_needed_is_not_sent) {
  a.acknowledge("b", Index{3});
  const auto asked = reads();
  ASSERT_EQ(asked.size(), 1U);
  a.acknowledge("b", Index{6});
  const auto again = reads();
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].entries.first, Index{7});
  a.node.send_entries(asked[0], entries(4, 8));
  EXPECT_TRUE(sent_to_b().empty());
  a.node.send_entries(again[0], entries(7, 8));
  EXPECT_EQ(sent_to_b(), (std::vector<std::pair<Index, std::size_t>>{{Index{6}, 2}}));
}

TEST_F(DiskTail, an_answer_after_leadership_was_lost_is_ignored) {
  a.acknowledge("b", Index{3});
  const auto asked = reads();
  ASSERT_EQ(asked.size(), 1U);
  a.receive("c", 3, Heartbeat{1, Index{0}});
  ASSERT_EQ(a.node.role(), Role::follower);
  a.exchange();
  a.node.send_entries(asked[0], entries(4, 5));
  a.node.lose_entries(asked[0]);
  EXPECT_FALSE(a.node.has_ready());
}

TEST_F(DiskTail, what_cannot_be_read_takes_a_new_snapshot) {
  a.acknowledge("b", Index{3});
  const auto asked = reads();
  ASSERT_EQ(asked.size(), 1U);
  a.node.lose_entries(asked[0]);
  const Ready ready = a.take();
  EXPECT_TRUE(ready.wants_snapshot);
  EXPECT_TRUE(ready.snapshot_reads.empty()) << "the old one leads to the same entries";
}

TEST_F(DiskTail, a_follower_that_has_caught_up_needs_no_tail) {
  a.acknowledge("b", Index{8});
  a.exchange();
  a.node.compact(Index{8});
  EXPECT_EQ(a.node.first_index(), Index{9});
}

}  // namespace
}  // namespace conclave::raft
