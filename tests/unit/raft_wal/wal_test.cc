#include "raft/wal/wal.h"

#include "tests/unit/raft_wal/wal_fixture.h"

namespace conclave::raft {
namespace {

TEST_F(WalTest, new_log_holds_its_first_entries_and_boot_counter_one) {
  EXPECT_FALSE(Wal::exists(options.directory));
  create({configuration_entry(1, 1, "a")});
  EXPECT_TRUE(Wal::exists(options.directory));
  EXPECT_EQ(recovered.boot_counter, 1u);
  open();
  EXPECT_EQ(recovered.identity, identity);
  EXPECT_EQ(recovered.boot_counter, 2u);
  ASSERT_EQ(recovered.entries.size(), 1u);
  EXPECT_EQ(recovered.entries[0], configuration_entry(1, 1, "a"));
  EXPECT_EQ(recovered.configuration, Configuration{}) << "not in force at base, which is 0";
}

TEST_F(WalTest, log_is_made_once) {
  create();
  close();
  const auto again = Wal::create(options, identity, {}, main, metrics);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::exists);
}

TEST_F(WalTest, no_log_is_not_found) {
  const Result<void> opened = try_open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::not_found);
}

TEST_F(WalTest, entries_hard_state_and_commit_come_back) {
  create();
  const HardState hard_state{.current_term = {3}, .voted_for = {"b"}};
  write({entry(1, 2, "one"), entry(2, 3, "two")}, 1, hard_state);
  write({entry(3, 3, "")}, 2);
  open();
  EXPECT_EQ(payloads(), "one two  ");
  EXPECT_EQ(recovered.entries[1].term, Term{3});
  EXPECT_EQ(recovered.hard_state, hard_state);
  EXPECT_EQ(recovered.commit_index, Index{2});
  EXPECT_FALSE(recovered.torn);
}

TEST_F(WalTest, boot_counter_rises_with_each_start) {
  create();
  for (std::uint64_t boot = 2; boot < 6; ++boot) {
    open();
    EXPECT_EQ(recovered.boot_counter, boot);
  }
}

TEST_F(WalTest, entries_up_to_the_checkpoint_are_left_out) {
  create({configuration_entry(1, 1, "a")});
  write({entry(2, 1, "two"), entry(3, 2, "three"), entry(4, 2, "four")}, 3);
  open(3);
  EXPECT_EQ(recovered.base_index, Index{3});
  EXPECT_EQ(recovered.base_term, Term{2});
  EXPECT_EQ(recovered.commit_index, Index{3});
  EXPECT_EQ(payloads(), "four ");
  EXPECT_EQ(recovered.configuration, configuration("a"));
}

TEST_F(WalTest, log_spans_segments) {
  create();
  for (std::uint64_t index = 1; index <= 40; ++index) {
    write({entry(index, 1, std::to_string(index) + std::string(2000, '.'))}, index - 1);
  }
  EXPECT_GT(segments().size(), 4u);
  open();
  ASSERT_EQ(recovered.entries.size(), 40u);
  for (std::uint64_t i = 0; i < 40; ++i) EXPECT_EQ(recovered.entries[i].index, Index{i + 1});
  EXPECT_EQ(recovered.commit_index, Index{39});
}

TEST_F(WalTest, batch_longer_than_a_segment_gets_a_longer_one) {
  create();
  write({entry(1, 1, "small")});
  const std::string large(100'000, 'x');
  write({entry(2, 1, large)});
  write({entry(3, 1, "after")});
  open();
  ASSERT_EQ(recovered.entries.size(), 3u);
  EXPECT_EQ(recovered.entries[1].payload, large);
}

TEST_F(WalTest, released_segments_go_and_their_files_are_used_again) {
  create({configuration_entry(1, 1, "a")});
  write({}, 1, HardState{.current_term = {4}, .voted_for = {"me"}});
  for (std::uint64_t index = 2; index <= 200; ++index) {
    write({entry(index, 4, std::string(2000, '.'))}, index - 1);
    if (index % 10 == 0) release(index);
    EXPECT_LE(segments().size(), 4u);
    EXPECT_LE(list_segment_files(options.directory)->spares.size(), 2u);
  }
  open(200);
  EXPECT_EQ(recovered.base_index, Index{200});
  EXPECT_EQ(recovered.base_term, Term{4});
  EXPECT_EQ(recovered.hard_state, (HardState{.current_term = {4}, .voted_for = {"me"}}));
  EXPECT_EQ(recovered.configuration, configuration("a"));
  EXPECT_TRUE(recovered.entries.empty());
  write({entry(201, 4, "on")});
  open(200);
  EXPECT_EQ(payloads(), "on ");
}

TEST_F(WalTest, entry_at_an_index_that_is_there_replaces_it_and_all_after_it) {
  create();
  write({entry(1, 1, "a1"), entry(2, 1, "a2"), entry(3, 1, "a3")});
  write({entry(2, 2, "b2")});
  open();
  EXPECT_EQ(payloads(), "a1 b2 ");
  write({entry(3, 2, "b3")});
  open();
  EXPECT_EQ(payloads(), "a1 b2 b3 ");
}

TEST_F(WalTest, replacing_entries_takes_back_their_configuration) {
  create({configuration_entry(1, 1, "a")});
  write({entry(2, 1, "two"), configuration_entry(3, 1, "b")});
  write({entry(3, 2, "three"), entry(4, 2, "four")}, 4);
  open(4);
  EXPECT_EQ(recovered.configuration, configuration("a"));
  EXPECT_EQ(recovered.base_term, Term{2});
}

TEST_F(WalTest, replacement_may_reach_back_into_segments_that_are_dropped_later) {
  create({configuration_entry(1, 1, "a")});
  for (std::uint64_t index = 2; index <= 12; ++index) {
    write({entry(index, 1, std::string(3000, 'a'))}, 1);
  }
  const std::size_t before = segments().size();
  ASSERT_GT(before, 2u);
  for (std::uint64_t index = 3; index <= 15; ++index) {
    write({entry(index, 2, std::string(3000, 'b'))}, 2);
  }
  release(13);
  EXPECT_GT(segments().front(), 1u);
  open(13);
  EXPECT_EQ(recovered.base_term, Term{2});
  EXPECT_EQ(recovered.configuration, configuration("a"));
  ASSERT_EQ(recovered.entries.size(), 2u);
  EXPECT_EQ(recovered.entries.back().index, Index{15});
}

TEST_F(WalTest, unfinished_segment_of_an_earlier_run_is_removed) {
  create();
  write({entry(1, 1, "one")});
  const std::string leftover = new_segment_path(options.directory, 2);
  overwrite(leftover, "half a segment");
  open();
  EXPECT_EQ(payloads(), "one ");
  EXPECT_FALSE(std::filesystem::exists(leftover));
}

/// Batches of all sizes, some across segments, while segments are dropped; in memory and, where
/// most batches are begun on main, on a disk.
TEST_F(WalTest, writes_by_itself) {
  options.worker = nullptr;
  constexpr std::uint64_t batches = 300;
  std::string on_disk = testing::TempDir() + "/conclave-wal-XXXXXX";
  ASSERT_NE(mkdtemp(on_disk.data()), nullptr);
  for (const std::string& place : {directory, on_disk}) {
    options.directory = place + "/own";
    Loop own("own");
    auto log = Wal::create(options, identity, {}, own, metrics).value().wal;
    std::vector<Entry> entries;
    std::uint64_t done = 0;
    const auto payload = [](std::uint64_t index) {
      return std::string(index * 7919 % 3000 * (index % 40 == 0 ? 200 : 1), 'x') +
             std::to_string(index);
    };
    std::function<void()> next_batch = [&] {
      if (done == batches) return own.stop();
      ++done;
      entries = {entry(done, 1, payload(done))};
      log->write(nullptr, entries, {done - 1}, next_batch);
      entries.clear();
      if (done % 50 == 0) log->release({done - 20});
    };
    own.post(next_batch);
    own.run();
    log.reset();
    Loop second("second");
    const auto opened = Wal::open(options, {batches - 20}, second, metrics);
    ASSERT_TRUE(opened) << opened.error().message;
    ASSERT_EQ(opened->recovered.entries.size(), 20U);
    for (const Entry& each : opened->recovered.entries) {
      EXPECT_EQ(each.payload, payload(each.index.value));
    }
  }
  std::filesystem::remove_all(on_disk);
}

TEST_F(WalTest, ends_while_a_batch_is_under_way) {
  options.worker = nullptr;
  options.directory = testing::TempDir() + "/conclave-wal-ends";
  std::filesystem::remove_all(options.directory);
  Loop own("own");
  auto log = Wal::create(options, identity, {}, own, metrics).value().wal;
  const std::vector<Entry> entries{entry(1, 1, "one")};
  log->write(nullptr, entries, {}, [] { FAIL() << "nobody waits any more"; });
  log.reset();
  own.run_ready();
  std::filesystem::remove_all(options.directory);
}

TEST_F(WalTest, metrics_are_there_from_the_start_and_count) {
  create();
  EXPECT_NE(metrics.prometheus_text().find("consul_raft_wal_write_count 0"), std::string::npos);
  write({entry(1, 1, "x")});
  EXPECT_NE(metrics.prometheus_text().find("consul_raft_wal_write_count 1"), std::string::npos);
}

}  // namespace
}  // namespace conclave::raft
