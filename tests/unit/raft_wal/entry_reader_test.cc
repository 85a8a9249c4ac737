/// Entries read back from a log that goes on being written.

#include "raft/wal/entry_reader.h"

#include "tests/unit/raft_wal/wal_fixture.h"

namespace conclave::raft {
namespace {

class EntryReaderTest : public WalTest {
 protected:
  std::vector<Entry> read(const EntryRange& range, std::uint64_t bytes_max = 1 << 20) {
    Result<std::vector<Entry>> entries = fail(ErrorCode::failed, "not answered");
    wal->read(range, bytes_max,
              [&](Result<std::vector<Entry>> read) { entries = std::move(read); });
    run_jobs();
    if (!entries) error = entries.error();
    return entries.value_or(std::vector<Entry>{});
  }
  static EntryRange range(std::uint64_t first, std::uint64_t last, std::uint64_t term) {
    return {{first}, {last}, {term}};
  }
  std::optional<Error> error;
};

TEST_F(EntryReaderTest, gives_them_as_they_were_written) {
  create({configuration_entry(1, 1, "a")});
  const std::vector<Entry> written = {entry(2, 1, "two"), entry(3, 1, ""), entry(4, 1, "four")};
  write(written, 1, HardState{.current_term = {1}, .voted_for = {"a"}});
  write({entry(5, 2, "five")}, 4);
  EXPECT_EQ(read(range(2, 4, 1)), written);
  EXPECT_EQ(read(range(1, 1, 1)), (std::vector{configuration_entry(1, 1, "a")}));
  EXPECT_EQ(read(range(5, 5, 2)), (std::vector{entry(5, 2, "five")}));
}

TEST_F(EntryReaderTest, goes_on_where_there_was_no_more_room_across_segments) {
  create();
  std::vector<Entry> written;
  for (std::uint64_t index = 1; index <= 60; ++index) {
    written.push_back(entry(index, 1, std::string(1000, static_cast<char>('a' + index % 26))));
    write({written.back()}, index - 1);
  }
  ASSERT_GT(segments().size(), 3u);
  std::vector<Entry> found;
  while (found.size() < written.size()) {
    const auto piece = read(range(found.size() + 1, 60, 1), 7000);
    ASSERT_EQ(piece.size(), std::min<std::size_t>(7, written.size() - found.size()));
    found.insert(found.end(), piece.begin(), piece.end());
  }
  EXPECT_EQ(found, written);
  // From the middle, by who was not here before.
  open();
  EXPECT_EQ(read(range(33, 34, 1)), (std::vector{written[32], written[33]}));
}

TEST_F(EntryReaderTest, one_entry_goes_through_however_large_it_is) {
  create();
  options.segment_bytes = 8 << 20;
  open();
  write({entry(1, 1, std::string(3 << 20, 'x')), entry(2, 1, "small")}, 1);
  EXPECT_EQ(read(range(1, 2, 1), 10).size(), 1u);
  EXPECT_EQ(read(range(2, 2, 1), 10), (std::vector{entry(2, 1, "small")}));
}

TEST_F(EntryReaderTest, passes_over_what_was_replaced) {
  create();
  for (std::uint64_t index = 1; index <= 30; ++index) {
    write({entry(index, 1, std::string(1000, 'o'))}, 2);
  }
  std::vector<Entry> written;
  for (std::uint64_t index = 3; index <= 20; ++index) {
    written.push_back(entry(index, 2, std::string(1000, 'n')));
  }
  write(written, 2);
  EXPECT_EQ(read(range(3, 20, 2)), written);
  EXPECT_EQ(read(range(1, 2, 1)).size(), 2u);
}

TEST_F(EntryReaderTest, says_so_when_they_are_released) {
  create();
  for (std::uint64_t index = 1; index <= 60; ++index) {
    write({entry(index, 1, std::string(1000, 'x'))}, index - 1);
  }
  EXPECT_EQ(read(range(1, 60, 1), 7000).size(), 7u);
  release(50);
  EXPECT_TRUE(read(range(8, 60, 1)).empty());
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, ErrorCode::not_found);
  EXPECT_EQ(read(range(55, 60, 1)).size(), 6u);
}

TEST_F(EntryReaderTest, does_not_give_what_is_damaged) {
  create();
  for (std::uint64_t index = 1; index <= 5; ++index) {
    write({entry(index, 1, "payload" + std::to_string(index))}, index - 1);
  }
  flip(last_segment(), find(last_segment(), "payload3"));
  EXPECT_EQ(read(range(1, 2, 1)).size(), 2u);
  EXPECT_TRUE(read(range(1, 5, 1)).empty());
  EXPECT_TRUE(error);
}

TEST_F(EntryReaderTest, follows_a_log_that_was_begun_anew) {
  create();
  write({entry(1, 1, "one"), entry(2, 1, "two")}, 1);
  EXPECT_EQ(read(range(1, 1, 1)).size(), 1u);
  wal->reset({Index{10}, Term{3}, configuration("a")}, nullptr, {}, Index{10}, [] {});
  run_jobs();
  write({entry(11, 3, "eleven")}, 10);
  EXPECT_TRUE(read(range(2, 2, 1)).empty());
  EXPECT_EQ(read(range(11, 11, 3)), (std::vector{entry(11, 3, "eleven")}));
}

TEST_F(EntryReaderTest, reads_beside_the_writes_with_threads_of_its_own) {
  create();
  options.worker = nullptr;
  open();
  std::uint64_t written = 0;
  std::uint64_t found = 0;
  std::function<void()> write_next = [&] {
    ++written;
    if (written < 400) {
      wal->write(nullptr, std::vector{entry(written, 1, std::string(100, 'x'))}, {written - 1},
                 write_next);
    }
  };
  std::function<void()> read_next = [&] {
    if (written < found + 2) return main.post(read_next);
    wal->read({{found + 1}, {written - 1}, {1}}, 5000, [&](Result<std::vector<Entry>> entries) {
      ASSERT_TRUE(entries) << entries.error().message;
      for (const Entry& each : *entries) {
        ++found;
        EXPECT_EQ(each, entry(found, 1, std::string(100, 'x')));
      }
      if (found == 399) return main.stop();
      read_next();
    });
  };
  main.post(write_next);
  main.post(read_next);
  main.run();
  EXPECT_EQ(found, 399u);
}

}  // namespace
}  // namespace conclave::raft
