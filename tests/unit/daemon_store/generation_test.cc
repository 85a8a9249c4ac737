/// Building a generation beside the one that counts, and putting it in its place under readers.

#include <gtest/gtest.h>
#include <lmdb.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "base/core/assert.h"
#include "daemon/store/environment.h"
#include "daemon/store/generation_builder.h"
#include "daemon/store/memory_rows.h"
#include "daemon/store/row_frame.h"
#include "tests/unit/daemon_store/store_fixture.h"

namespace conclave::daemon {
namespace {

class GenerationTest : public StoreTest {
 protected:
  static MemoryRows some_rows(std::string_view value) {
    MemoryRows rows;
    for (std::size_t i = 0; i < 500; ++i) {
      const std::string size(i % 50 == 0 ? 30'000 : i, 'v');
      rows.put("key " + std::to_string(i), std::string(value) + size);
    }
    return rows;
  }
  Result<OpenGeneration> build(const MemoryRows& rows, AppliedPosition applied,
                               const Origin* origin = nullptr) {
    CONCLAVE_TRY_ASSIGN(const auto builder, store->begin_generation());
    Result<void> added;
    rows.scan("", [&](std::string_view key, std::string_view row) {
      if (added) added = builder->add(key, row);
      if (added) added = builder->flush_piece();
      return added.has_value();
    });
    CONCLAVE_TRY(added);
    EXPECT_EQ(builder->state_hash(), rows.state_hash());
    return builder->finish(applied, origin);
  }
  void adopt(const MemoryRows& rows, AppliedPosition applied, const Origin* origin = nullptr) {
    Result<OpenGeneration> built = build(rows, applied, origin);
    ASSERT_TRUE(built) << built.error().message;
    store->adopt(std::move(*built));
  }
  void expect_rows(const MemoryRows& expected) {
    const auto reader = store->make_reader();
    MemoryRows found;
    const ReadSnapshot snapshot = reader->open();
    snapshot.rows().scan("", [&](std::string_view key, std::string_view row) {
      found.put(key, row);
      return true;
    });
    EXPECT_TRUE(found == expected);
    EXPECT_EQ(store->usage().state_hash, expected.state_hash());
    EXPECT_EQ(store->usage().rows, expected.size());
  }
  std::string directory_of(int number) const {
    return options.directory + "/000000000000000" + std::to_string(number);
  }
  void finish_steps() {
    for (int i = 0; i < 4; ++i) {
      while (step()) {
      }
      main->run_ready();
    }
  }
};

/// Such pages are never written, and a file without them is shorter than its meta pages say.
TEST_F(GenerationTest, pages_that_a_transaction_took_and_gave_back_are_part_of_the_file) {
  open();
  const std::string directory = options.directory + "/other";
  std::filesystem::create_directories(directory);
  const auto environment = Environment::create(directory, options);
  ASSERT_TRUE(environment) << environment.error().message;
  const auto size = [&] { return std::filesystem::file_size(directory + "/data.mdb"); };
  const auto needed = [&] {
    MDB_envinfo info{};
    mdb_env_info((*environment)->handle(), &info);
    return (info.me_last_pgno + 1) * lmdb_page_bytes;
  };
  std::string row(lmdb_page_bytes / 4, 'v');
  for (std::uint64_t rows = 20; size() == needed(); rows += 20) {
    ASSERT_LT(rows, 400u) << "no transaction left a page unwritten";
    MDB_txn* txn = nullptr;
    ASSERT_EQ(mdb_txn_begin((*environment)->handle(), nullptr, 0, &txn), 0);
    std::uint64_t number = 0;
    MDB_val key{sizeof(number), &number};
    MDB_val value{row.size(), row.data()};
    for (; number < rows; ++number) {
      ASSERT_EQ(mdb_put(txn, (*environment)->rows(), &key, &value, 0), 0);
    }
    while (number-- > rows / 2) {
      ASSERT_EQ(mdb_del(txn, (*environment)->rows(), &key, nullptr), 0);
    }
    ASSERT_EQ(mdb_txn_commit(txn), 0);
  }
  ASSERT_TRUE((*environment)->sync());
  EXPECT_EQ(size(), needed());
}

TEST_F(GenerationTest, takes_the_place_of_the_state_and_survives_a_start) {
  open();
  put(1, "old", "row");
  const MemoryRows rows = some_rows("new");
  adopt(rows, {.index = 40, .term = 6});
  EXPECT_EQ(store->applied(), (AppliedPosition{.index = 40, .term = 6}));
  expect_rows(rows);
  put(41, "later", "row");
  EXPECT_EQ(get("later"), "row");
  abandon();
  open();
  EXPECT_EQ(store->applied().index, 40u) << "what no checkpoint holds, the log replays";
  expect_rows(rows);
}

TEST_F(GenerationTest, checkpoints_go_on_in_the_new_one) {
  open();
  put(1, "old", "row");
  std::vector<std::uint64_t> held;
  store->on_checkpoint([&](AppliedPosition applied) { held.push_back(applied.index); });
  store->start_checkpoint();  // Of the old one, and left on its way.
  step();
  adopt(some_rows("new"), {.index = 40, .term = 6});
  put(41, "later", "row");
  checkpoint();
  finish_steps();
  EXPECT_EQ(held, (std::vector<std::uint64_t>{41}));
  EXPECT_FALSE(std::filesystem::exists(directory_of(1))) << "nobody reads it any more";
  abandon();
  open();
  EXPECT_EQ(store->applied().index, 41u);
  EXPECT_EQ(get("later"), "row");
}

TEST_F(GenerationTest, one_that_is_not_finished_leaves_nothing) {
  open();
  put(1, "old", "row");
  {
    const auto builder = store->begin_generation();
    ASSERT_TRUE(builder);
    ASSERT_TRUE((*builder)->add("a", "b"));
    EXPECT_TRUE(std::filesystem::exists(directory_of(2)));
  }
  EXPECT_FALSE(std::filesystem::exists(directory_of(2)));
  EXPECT_EQ(get("old"), "row");
}

TEST_F(GenerationTest, one_that_was_finished_and_not_adopted_is_what_the_next_start_opens) {
  open();
  put(1, "old", "row");
  const MemoryRows rows = some_rows("new");
  Result<OpenGeneration> built = build(rows, {.index = 40, .term = 6});
  ASSERT_TRUE(built);
  abandon_generation(*built);
  EXPECT_EQ(get("old"), "row");
  open();
  expect_rows(rows);
}

TEST_F(GenerationTest, origin_is_known_until_something_is_applied) {
  open();
  const Origin origin{.applied = {.index = 40, .term = 6}, .configuration = "servers"};
  adopt(some_rows("new"), origin.applied, &origin);
  EXPECT_EQ(store->origin(), origin);
  open();
  EXPECT_EQ(store->origin(), origin);
  put(41, "later", "row");
  EXPECT_EQ(store->origin(), std::nullopt);
  checkpoint();
  open();
  EXPECT_EQ(store->origin(), std::nullopt);
}

TEST_F(GenerationTest, an_origin_that_is_damaged_is_refused) {
  open();
  const Origin origin{.applied = {.index = 40, .term = 6}, .configuration = "servers"};
  adopt(some_rows("new"), origin.applied, &origin);
  store.reset();
  flip(directory_of(2) + "/origin", 20);
  const Result<void> opened = try_open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::corrupt);
}

TEST_F(GenerationTest, works_with_synchronous_commits) {
  options.sync_full = true;
  open();
  put(1, "old", "row");
  const MemoryRows rows = some_rows("new");
  adopt(rows, {.index = 40, .term = 6});
  expect_rows(rows);
  put(41, "later", "row");
  abandon();
  open();
  EXPECT_EQ(store->applied().index, 41u);
}

TEST_F(GenerationTest, a_frozen_state_stays_as_it_was_on_any_thread) {
  open();
  put(1, "a", "before");
  std::optional<GenerationStore::Frozen> frozen = store->freeze();
  put(2, "a", "after");
  adopt(some_rows("new"), {.index = 40, .term = 6});
  std::thread([&] {
    EXPECT_EQ(frozen->snapshot.rows().get("a"), "before");
    EXPECT_EQ(frozen->applied.index, 1u);
    frozen.reset();
  }).join();
  finish_steps();
  EXPECT_FALSE(std::filesystem::exists(directory_of(1)));
}

TEST_F(GenerationTest, readers_on_other_threads_move_with_their_next_snapshot) {
  open();
  put(1, "value", "0");
  std::atomic<bool> stop = false;
  std::atomic<std::uint64_t> reads = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      const auto reader = store->make_reader();
      std::uint64_t last = 0;
      while (!stop) {
        const ReadSnapshot snapshot = reader->open();
        const std::uint64_t value = std::stoull(std::string(*snapshot.rows().get("value")));
        CONCLAVE_ASSERT_WHY(value >= last, "a reader never goes back");
        CONCLAVE_ASSERT(snapshot.applied().index == value * 10 || value == 0);
        last = value;
        ++reads;
      }
    });
  }
  for (std::uint64_t round = 1; round <= 20; ++round) {
    while (reads < round * 10) std::this_thread::yield();
    MemoryRows rows;
    rows.put("value", std::to_string(round));
    adopt(rows, {.index = round * 10, .term = 1});
    finish_steps();
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  finish_steps();
  EXPECT_EQ(get("value"), "20");
}

}  // namespace
}  // namespace conclave::daemon
