#include "raft/core/log.h"

#include <gtest/gtest.h>

namespace conclave::raft {
namespace {

Entry entry(std::uint64_t term, std::uint64_t index, std::size_t bytes = 1) {
  return {Term{term}, Index{index}, EntryKind::command, std::string(bytes, 'x')};
}

Log three_entries() { return Log(Index{5}, Term{2}, {entry(2, 6), entry(3, 7), entry(3, 8)}); }

TEST(Log, knows_terms_from_the_base_to_the_end_and_no_others) {
  const Log log = three_entries();
  EXPECT_EQ(log.term_at(Index{4}), std::nullopt);
  EXPECT_EQ(log.term_at(Index{5}), Term{2});
  EXPECT_EQ(log.term_at(Index{6}), Term{2});
  EXPECT_EQ(log.term_at(Index{8}), Term{3});
  EXPECT_EQ(log.term_at(Index{9}), std::nullopt);
  EXPECT_EQ(log.first_index(), Index{6});
  EXPECT_EQ(log.last_index(), Index{8});
  EXPECT_EQ(log.last_term(), Term{3});
}

TEST(Log, an_empty_log_ends_at_its_base) {
  const Log log(Index{5}, Term{2}, {});
  EXPECT_EQ(log.last_index(), Index{5});
  EXPECT_EQ(log.last_term(), Term{2});
}

TEST(Log, what_was_recovered_is_durable) {
  const Log log = three_entries();
  EXPECT_EQ(log.durable_index(), Index{8});
  EXPECT_FALSE(log.has_unwritten());
}

TEST(Log, an_entry_is_handed_out_once_and_durable_when_said_so) {
  Log log = three_entries();
  log.append(entry(3, 9));
  EXPECT_TRUE(log.has_unwritten());
  EXPECT_EQ(log.take_unwritten().size(), 1U);
  EXPECT_TRUE(log.take_unwritten().empty());
  EXPECT_EQ(log.durable_index(), Index{8});
  log.mark_durable(Index{9});
  EXPECT_EQ(log.durable_index(), Index{9});
}

TEST(Log, truncation_takes_back_what_was_handed_out_and_durable) {
  Log log = three_entries();
  log.append(entry(3, 9));
  (void)log.take_unwritten();
  log.truncate_from(Index{7});
  EXPECT_EQ(log.last_index(), Index{6});
  EXPECT_EQ(log.handed_index(), Index{6});
  EXPECT_EQ(log.durable_index(), Index{6});
  log.append(entry(4, 7));
  EXPECT_EQ(log.take_unwritten().size(), 1U);
}

TEST(Log, compaction_moves_the_base_and_keeps_its_term) {
  Log log = three_entries();
  log.compact(Index{7});
  EXPECT_EQ(log.base_index(), Index{7});
  EXPECT_EQ(log.term_at(Index{7}), Term{3});
  EXPECT_EQ(log.term_at(Index{6}), std::nullopt);
  log.compact(Index{6});  // Behind: nothing.
  EXPECT_EQ(log.base_index(), Index{7});
  log.compact(Index{8});
  EXPECT_EQ(log.last_index(), Index{8});
}

TEST(Log, a_slice_is_contiguous_and_bounded_by_bytes) {
  const Log log(Index{0}, Term{0}, {entry(1, 1, 10), entry(1, 2, 10), entry(1, 3, 100)});
  EXPECT_EQ(log.slice(Index{1}, Index{3}, 1000).size(), 3U);
  EXPECT_EQ(log.slice(Index{1}, Index{3}, 20).size(), 2U);
  EXPECT_EQ(log.slice(Index{1}, Index{3}, 5).size(), 1U);  // One goes through, however large.
  EXPECT_EQ(log.slice(Index{1}, Index{2}, 1000).size(), 2U);
  EXPECT_EQ(log.slice(Index{2}, Index{9}, 1000).size(), 2U);
  EXPECT_TRUE(log.slice(Index{4}, Index{9}, 1000).empty());
}

TEST(LogDeath, gaps_and_falling_terms_are_faults) {
  Log log = three_entries();
  EXPECT_DEATH(log.append(entry(3, 10)), "contiguous");
  EXPECT_DEATH(log.append(entry(2, 9)), "do not go down");
  EXPECT_DEATH(Log(Index{0}, Term{0}, {entry(1, 2)}), "without a gap");
}

TEST(LogDeath, what_is_not_on_disk_is_not_forgotten) {
  Log log = three_entries();
  log.append(entry(3, 9));
  EXPECT_DEATH(log.compact(Index{9}), "on disk");
}

TEST(Log, of_entries_on_disk_only_it_knows_the_terms) {
  Log log = three_entries();
  log.append(entry(3, 9));
  log.unload(Index{7});
  EXPECT_EQ(log.first_index(), Index{6});
  EXPECT_EQ(log.unloaded_index(), Index{7});
  EXPECT_EQ(log.last_index(), Index{9});
  EXPECT_EQ(log.term_at(Index{5}), Term{2});
  EXPECT_EQ(log.term_at(Index{6}), Term{2});
  EXPECT_EQ(log.term_at(Index{7}), Term{3});
  EXPECT_EQ(log.term_at(Index{8}), Term{3});
  EXPECT_EQ(log.slice(Index{8}, Index{9}, 100).size(), 2U);
  EXPECT_EQ(log.take_unwritten().size(), 1U);
  EXPECT_EQ(log.unloaded_from(Index{6}), (EntryRange{Index{6}, Index{6}, Term{2}}));
  EXPECT_EQ(log.unloaded_from(Index{7}), (EntryRange{Index{7}, Index{7}, Term{3}}));
}

TEST(Log, forgets_entries_on_disk_only_like_others) {
  Log log(Index{5}, Term{2}, {entry(2, 6), entry(2, 7), entry(3, 8), entry(3, 9)});
  log.unload(Index{8});
  log.compact(Index{6});
  EXPECT_EQ(log.first_index(), Index{7});
  EXPECT_EQ(log.term_at(Index{5}), std::nullopt);
  EXPECT_EQ(log.term_at(Index{6}), Term{2});
  EXPECT_EQ(log.unloaded_from(Index{7}), (EntryRange{Index{7}, Index{7}, Term{2}}));
  log.compact(Index{9});
  EXPECT_EQ(log.unloaded_index(), Index{9});
  EXPECT_EQ(log.last_term(), Term{3});
  log.reset(Index{20}, Term{4});
  EXPECT_EQ(log.unloaded_index(), Index{20});
  EXPECT_EQ(log.last_index(), Index{20});
}

TEST(Log, finds_the_point_from_which_entries_stay_within_some_bytes) {
  Log log(Index{0}, Term{}, {entry(1, 1, 10), entry(1, 2, 10), entry(1, 3, 10), entry(1, 4, 10)});
  EXPECT_EQ(log.point_within(20, Index{0}, Index{4}), Index{2});
  EXPECT_EQ(log.point_within(29, Index{0}, Index{4}), Index{2});
  EXPECT_EQ(log.point_within(20, Index{3}, Index{4}), Index{3});
  EXPECT_EQ(log.point_within(40, Index{0}, Index{4}), Index{0});
  log.unload(Index{2});
  log.unload(Index{3});
  EXPECT_EQ(log.point_within(20, Index{0}, Index{4}), Index{2});
  // The first two went together.
  EXPECT_EQ(log.point_within(30, Index{0}, Index{4}), Index{2});
  EXPECT_EQ(log.point_within(40, Index{0}, Index{4}), Index{0});
}

TEST(LogDeath, what_is_not_on_disk_stays_in_memory) {
  Log log = three_entries();
  log.append(entry(3, 9));
  EXPECT_DEATH(log.unload(Index{9}), "only what is on disk");
}

}  // namespace
}  // namespace conclave::raft
