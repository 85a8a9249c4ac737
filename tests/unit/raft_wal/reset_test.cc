/// A snapshot takes the place of the log: Wal::reset(), and the crash between an installation and
/// it.

#include "tests/unit/raft_wal/wal_fixture.h"

namespace conclave::raft {
namespace {

class ResetTest : public WalTest {
 protected:
  ResetTest() {
    base = {.index = {40}, .term = {6}, .configuration = configuration("b")};
    hard_state = {.current_term = {7}, .voted_for = {"c"}};
  }

  void fill_log() {
    create({configuration_entry(1, 1, "a")});
    for (std::uint64_t i = 2; i < 20; ++i) write({entry(i, 2, std::string(3000, 'x'))}, i - 1);
    write({}, 19, hard_state);
  }
  void reset(std::vector<Entry> entries, const HardState* with = nullptr) {
    bool durable = false;
    wal->reset(base, with, entries, base.index, [&] { durable = true; });
    EXPECT_FALSE(durable);
    run_jobs();
    EXPECT_TRUE(durable);
  }
  Result<void> try_open_installed() {
    close();
    Result<Wal::Opened> opened = Wal::open(options, base.index, main, metrics, base);
    if (!opened) return std::unexpected(opened.error());
    wal = std::move(opened->wal);
    recovered = std::move(opened->recovered);
    return {};
  }
  void open_installed() {
    const Result<void> opened = try_open_installed();
    ASSERT_TRUE(opened) << opened.error().message;
  }

  LogBase base;
  HardState hard_state;
};

TEST_F(ResetTest, the_log_begins_after_the_base_and_keeps_vote_and_boot_counter) {
  fill_log();
  ASSERT_GT(segments().size(), 2u);
  reset({entry(41, 7, "forty-one")});
  EXPECT_EQ(segments().size(), 1u) << "what came before is dropped";
  write({entry(42, 7, "forty-two")}, 41);
  open(40);
  EXPECT_EQ(recovered.base_index, base.index);
  EXPECT_EQ(recovered.base_term, base.term);
  EXPECT_EQ(recovered.configuration, base.configuration);
  EXPECT_EQ(recovered.hard_state, hard_state);
  EXPECT_EQ(recovered.boot_counter, 2u);
  EXPECT_EQ(recovered.commit_index, Index{41});
  EXPECT_EQ(payloads(), "forty-one forty-two ");
}

TEST_F(ResetTest, a_vote_comes_with_it) {
  fill_log();
  const HardState later{.current_term = {9}, .voted_for = {"d"}};
  reset({}, &later);
  open(40);
  EXPECT_EQ(recovered.hard_state, later);
}

TEST_F(ResetTest, spares_are_used_and_nothing_old_is_taken_up) {
  fill_log();
  release(19);  // Leaves spares behind.
  reset({entry(41, 7, "new")});
  for (std::uint64_t i = 42; i < 60; ++i) write({entry(i, 7, std::string(3000, 'y'))}, i - 1);
  open(40);
  EXPECT_EQ(recovered.entries.size(), 19u);
  EXPECT_EQ(recovered.entries.front().payload, "new");
}

TEST_F(ResetTest, segments_that_a_crash_left_before_it_do_not_count) {
  fill_log();
  const std::string old_path = first_segment();
  const std::uint64_t old_id = segments().front();
  const std::string old = read(old_path);
  const std::string last = read(last_segment());
  const std::uint64_t last_id = segments().back();
  reset({entry(41, 7, "new")});
  close();
  overwrite(segment_path(options.directory, old_id), old);
  overwrite(segment_path(options.directory, last_id), last);
  open(40);
  EXPECT_EQ(payloads(), "new ");
  EXPECT_EQ(segments().size(), 1u);
  open(40);
}

TEST_F(ResetTest, a_log_that_ends_before_the_installed_state_begins_anew) {
  fill_log();
  open_installed();
  EXPECT_TRUE(recovered.was_behind);
  EXPECT_EQ(recovered.base_index, base.index);
  EXPECT_EQ(recovered.base_term, base.term);
  EXPECT_EQ(recovered.configuration, base.configuration);
  EXPECT_EQ(recovered.hard_state, hard_state);
  EXPECT_EQ(recovered.boot_counter, 2u);
  EXPECT_TRUE(recovered.entries.empty());
  write({entry(41, 7, "next")}, 40);
  open_installed();
  EXPECT_FALSE(recovered.was_behind);
  EXPECT_EQ(payloads(), "next ");
  EXPECT_EQ(recovered.boot_counter, 3u);
}

TEST_F(ResetTest, a_log_of_another_history_begins_anew) {
  create({configuration_entry(1, 1, "a")});
  for (std::uint64_t i = 2; i < 50; ++i) write({entry(i, 5, "other")}, 1);
  open_installed();
  EXPECT_TRUE(recovered.was_behind) << "entry 40 is there, with another term";
  EXPECT_TRUE(recovered.entries.empty());
}

TEST_F(ResetTest, a_log_that_has_the_entry_goes_on) {
  create({configuration_entry(1, 1, "a")});
  for (std::uint64_t i = 2; i < 50; ++i) write({entry(i, 6, "e")}, 1);
  open_installed();
  EXPECT_FALSE(recovered.was_behind);
  EXPECT_EQ(recovered.entries.size(), 9u);
  EXPECT_EQ(recovered.configuration, configuration("a"));
}

TEST_F(ResetTest, a_log_that_begins_later_is_damage_all_the_same) {
  fill_log();
  base.index = {60};
  reset({entry(61, 7, "later")});
  base.index = {40};
  const Result<void> opened = try_open_installed();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::corrupt);
}

TEST_F(ResetTest, a_damaged_log_is_damage_all_the_same) {
  fill_log();
  flip(first_segment(), 5000);
  const Result<void> opened = try_open_installed();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::corrupt);
}

TEST_F(ResetTest, without_an_installed_state_a_short_log_is_damage) {
  fill_log();
  expect_corrupt({"ends with entry 19", "holds entry 40"}, 40);
}

TEST_F(ResetTest, recovery_epoch_is_kept) {
  identity.recovery_epoch = 3;
  fill_log();
  reset({});
  open(40);
  EXPECT_EQ(recovered.identity.recovery_epoch, 3u);
}

}  // namespace
}  // namespace conclave::raft
