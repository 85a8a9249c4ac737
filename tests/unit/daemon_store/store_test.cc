#include "daemon/store/store.h"

#include <sys/stat.h>

#include <thread>

#include "base/core/rng.h"
#include "daemon/store/memory_rows.h"
#include "tests/unit/daemon_store/store_fixture.h"

namespace conclave::daemon {
namespace {

TEST_F(StoreTest, begins_empty) {
  open();
  EXPECT_EQ(store->applied(), AppliedPosition{});
  EXPECT_EQ(store->usage().rows, 0u);
  EXPECT_EQ(store->usage().state_hash, 0u);
}

TEST_F(StoreTest, committed_rows_and_position_are_seen_together) {
  open();
  put(7, "a", "1");
  const auto reader = store->make_reader();
  const ReadSnapshot snapshot = reader->open();
  EXPECT_EQ(snapshot.rows().get("a"), "1");
  EXPECT_EQ(snapshot.applied(), (AppliedPosition{7, 1}));
  EXPECT_EQ(store->applied(), (AppliedPosition{7, 1}));
}

TEST_F(StoreTest, batch_that_is_not_committed_leaves_nothing) {
  open();
  put(1, "a", "1");
  store->begin()->rows().put("a", "2");
  EXPECT_EQ(get("a"), "1");
  EXPECT_EQ(store->usage().rows, 1u);
}

/// Batches that share a transaction: what differs from one transaction each.
class SharedCommits : public StoreTest {
 protected:
  SharedCommits() { options.shared_commit_bytes = 1 << 10; }
  std::uint64_t commits() {
    const std::string text = metrics.prometheus_text();
    const std::string name = "consul_store_commit_count ";
    return std::stoull(text.substr(text.find("\n" + name) + 1 + name.size()));
  }
};

TEST_F(SharedCommits, are_made_when_somebody_looks) {
  open();
  put(1, "a", "1");
  put(2, "b", "2");
  EXPECT_EQ(commits(), 0u);
  EXPECT_EQ(store->applied().index, 2u);
  EXPECT_EQ(get("a"), "1");
  EXPECT_EQ(get("b"), "2");
  EXPECT_EQ(commits(), 1u);
}

TEST_F(SharedCommits, are_made_when_enough_was_written) {
  open();
  for (std::uint64_t index = 1; index <= 8; ++index) put(index, "key", std::string(300, 'x'));
  EXPECT_EQ(commits(), 2u);
}

TEST_F(SharedCommits, are_smaller_while_this_server_leads) {
  options.leader_commit_bytes = 512;
  open();
  for (std::uint64_t index = 1; index <= 3; ++index) put(index, "key", std::string(300, 'x'));
  EXPECT_EQ(commits(), 0u);
  store->lead(true);
  put(4, "key", "x");
  EXPECT_EQ(commits(), 1u);
  for (std::uint64_t index = 5; index <= 8; ++index) put(index, "key", std::string(300, 'x'));
  EXPECT_EQ(commits(), 3u);
}

TEST_F(SharedCommits, are_made_before_a_checkpoint) {
  open();
  put(1, "a", "1");
  checkpoint();
  put(2, "a", "2");
  abandon();
  open();
  EXPECT_EQ(store->applied().index, 1u);
  EXPECT_EQ(get("a"), "1");
}

TEST_F(SharedCommits, are_made_when_the_store_closes) {
  open();
  put(1, "a", "1");
  store->close();
  open();
  EXPECT_EQ(store->applied().index, 1u);
}

TEST_F(StoreTest, snapshot_does_not_see_later_commits_and_the_next_one_does) {
  open();
  put(1, "a", "1");
  const auto reader = store->make_reader();
  {
    const ReadSnapshot snapshot = reader->open();
    put(2, "a", "2");
    EXPECT_EQ(snapshot.rows().get("a"), "1");
  }
  const ReadSnapshot renewed = reader->open();
  EXPECT_EQ(renewed.rows().get("a"), "2");
}

TEST_F(StoreTest, snapshot_may_outlive_its_reader) {
  open();
  put(1, "a", "1");
  auto reader = store->make_reader();
  const ReadSnapshot snapshot = reader->open();
  reader.reset();
  EXPECT_EQ(snapshot.rows().get("a"), "1");
}

TEST_F(StoreTest, scans_may_be_nested) {
  open();
  commit(1, [](Rows& rows) {
    for (const char* key : {"a", "b", "c"}) rows.put(key, key);
  });
  const auto reader = store->make_reader();
  for (int round = 0; round < 2; ++round) {
    const ReadSnapshot snapshot = reader->open();
    std::string seen;
    snapshot.rows().scan("", [&](std::string_view outer, std::string_view) {
      snapshot.rows().scan("b", [&](std::string_view inner, std::string_view) {
        seen.append(outer).append(inner).append(" ");
        return true;
      });
      return true;
    });
    EXPECT_EQ(seen, "ab ac bb bc cb cc ");
  }
}

TEST_F(StoreTest, row_may_be_put_from_a_view_of_itself_or_another) {
  open();
  const std::string large(10'000, 'x');
  commit(1, [&](Rows& rows) {
    rows.put("small", "abc");
    rows.put("large", large);
    rows.put("small", *rows.get("small"));
    rows.put("copy", *rows.get("large"));
    rows.put("large", rows.get("large")->substr(1));
    rows.put("shrunk", rows.get("large")->substr(0, 3));
  });
  EXPECT_EQ(get("small"), "abc");
  EXPECT_EQ(get("copy"), large);
  EXPECT_EQ(get("large"), large.substr(1));
  EXPECT_EQ(get("shrunk"), "xxx");
}

// Rows of every size around the borders of framing and chunking, and keys up to the longest.
TEST_F(StoreTest, rows_of_any_size_come_back) {
  open();
  const std::size_t sizes[] = {0,    1,    1512, 1513, 1514, 2015, 2016,   2017,
                               2022, 2023, 2024, 2025, 4032, 4033, 524'288};
  MemoryRows model;
  commit(1, [&](Rows& rows) {
    for (const std::size_t key_size : {std::size_t{1}, std::size_t{9}, row_key_bytes_max}) {
      for (const std::size_t size : sizes) {
        const std::string key = std::string(key_size - 1, 'k') + static_cast<char>('A' + size % 53);
        const std::string row(size, static_cast<char>('a' + size % 26));
        rows.put(key, row);
        model.put(key, row);
      }
    }
  });
  EXPECT_EQ(store->usage().rows, model.size());
  EXPECT_EQ(store->usage().state_hash, model.state_hash());
  model.scan("", [&](std::string_view key, std::string_view row) {
    EXPECT_EQ(get(key), row) << key.size() << " " << row.size();
    return true;
  });
}

std::map<std::string, std::string> contents(const ReadRows& rows) {
  std::map<std::string, std::string> all;
  rows.scan("", [&](std::string_view key, std::string_view row) {
    all.emplace(key, row);
    return true;
  });
  return all;
}

std::string random_row(Rng& rng) {
  const std::uint64_t size = rng.chance(1, 8) ? rng.below(9000) : rng.below(300);
  return std::string(size, static_cast<char>('a' + rng.below(26)));
}

TEST_F(StoreTest, random_operations_agree_with_a_model_across_commits_checkpoints_and_restarts) {
  Rng rng(42);
  MemoryRows model;
  open();
  for (std::uint64_t index = 1; index <= 400; ++index) {
    commit(index, [&](Rows& rows) {
      for (std::uint64_t i = rng.between(1, 8); i > 0; --i) {
        const std::string key = "key" + std::to_string(rng.below(120));
        if (rng.chance(1, 3)) {
          rows.erase(key);
          model.erase(key);
        } else {
          const std::string row = random_row(rng);
          rows.put(key, row);
          model.put(key, row);
        }
        ASSERT_EQ(rows.get(key).has_value(), model.get(key).has_value());
      }
    });
    ASSERT_EQ(store->usage().rows, model.size());
    if (rng.chance(1, 20)) checkpoint();
    if (rng.chance(1, 50)) {
      checkpoint();
      open();
      ASSERT_EQ(store->applied().index, index);
    }
  }
  const auto reader = store->make_reader();
  EXPECT_EQ(contents(reader->open().rows()), contents(model));
  EXPECT_EQ(store->usage().state_hash, model.state_hash());
}

TEST_F(StoreTest, checkpoint_reports_the_applied_position_on_main) {
  open();
  AppliedPosition reported;
  store->on_checkpoint([&](AppliedPosition applied) { reported = applied; });
  put(3, "a", "1");
  store->start_checkpoint();
  put(4, "a", "2");
  while (step()) {
  }
  EXPECT_EQ(reported, AppliedPosition{}) << "before main has run";
  main->run_ready();
  EXPECT_EQ(reported, (AppliedPosition{3, 1}));
}

TEST_F(StoreTest, second_checkpoint_asked_for_meanwhile_follows_the_first) {
  open();
  std::vector<std::uint64_t> reported;
  store->on_checkpoint([&](AppliedPosition applied) { reported.push_back(applied.index); });
  put(1, "a", "1");
  store->start_checkpoint();
  put(2, "a", "2");
  store->start_checkpoint();
  while (step() || main->run_ready() > 0) {
  }
  EXPECT_EQ(reported, (std::vector<std::uint64_t>{1, 2}));
}

TEST_F(StoreTest, checkpoint_that_waited_holds_what_is_committed_when_it_begins) {
  open();
  put(1, "a", "1");
  store->start_checkpoint();
  put(2, "a", "2");
  store->start_checkpoint();
  put(3, "a", "3");
  while (step() || main->run_ready() > 0) {
  }
  abandon();
  open();
  EXPECT_EQ(store->applied().index, 3u);
  EXPECT_EQ(get("a"), "3");
}

TEST_F(StoreTest, checkpoint_starts_by_itself_after_enough_bytes) {
  options.checkpoint_bytes = 1000;
  open();
  std::uint64_t reported = 0;
  store->on_checkpoint([&](AppliedPosition applied) { reported = applied.index; });
  put(1, "a", std::string(400, 'x'));
  while (step() || main->run_ready() > 0) {
  }
  EXPECT_EQ(reported, 0u);
  put(2, "b", std::string(800, 'x'));
  while (step() || main->run_ready() > 0) {
  }
  EXPECT_EQ(reported, 2u);
}

TEST_F(StoreTest, restart_goes_back_to_the_last_checkpoint) {
  open();
  put(1, "a", "1");
  checkpoint();
  put(2, "a", "2");
  put(3, "b", "3");
  abandon();
  open();
  EXPECT_EQ(store->applied().index, 1u);
  EXPECT_EQ(get("a"), "1");
  EXPECT_EQ(get("b"), std::nullopt);
}

TEST_F(StoreTest, restart_in_the_middle_of_a_checkpoint_goes_back_to_the_one_before) {
  for (int steps_done = 0; steps_done < 3; ++steps_done) {
    open();
    const std::uint64_t base = store->applied().index;
    put(base + 1, "a", std::to_string(base + 1));
    checkpoint();
    put(base + 2, "a", "lost");
    store->start_checkpoint();
    for (int i = 0; i < steps_done; ++i) step();
    abandon();
    open();
    EXPECT_EQ(store->applied().index, base + 1) << steps_done;
    EXPECT_EQ(get("a"), std::to_string(base + 1));
  }
}

TEST_F(StoreTest, close_takes_a_last_checkpoint_even_in_the_middle_of_one) {
  open();
  std::uint64_t reported = 0;
  store->on_checkpoint([&](AppliedPosition applied) { reported = applied.index; });
  put(1, "a", "1");
  store->start_checkpoint();
  step();
  put(2, "a", "2");
  store->close();
  EXPECT_EQ(reported, 2u);
  open();
  EXPECT_EQ(store->applied().index, 2u);
}

TEST_F(StoreTest, runs_on_its_own_thread_and_timer) {
  options.worker = nullptr;
  options.checkpoint_ms = 1;
  open();
  std::uint64_t reported = 0;
  store->on_checkpoint([&](AppliedPosition applied) {
    reported = applied.index;
    main->stop();
  });
  put(1, "a", "1");
  main->run();
  EXPECT_EQ(reported, 1u);
  put(2, "a", "2");
  store->close();
  open();
  EXPECT_EQ(store->applied().index, 2u);
}

TEST_F(StoreTest, directory_in_use_is_refused) {
  open();
  Loop second("second");
  const auto refused = Store::open(options, second, metrics);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::exists) << refused.error().message;
}

TEST_F(StoreTest, full_sync_keeps_every_commit) {
  options.sync_full = true;
  open();
  put(1, "a", "1");
  abandon();
  open();
  EXPECT_EQ(store->applied().index, 1u);
  EXPECT_EQ(get("a"), "1");
}

TEST_F(StoreTest, full_sync_reports_checkpoints_too) {
  options.sync_full = true;
  open();
  std::uint64_t reported = 0;
  store->on_checkpoint([&](AppliedPosition applied) { reported = applied.index; });
  put(5, "a", "1");
  store->start_checkpoint();
  main->run_ready();
  EXPECT_EQ(reported, 5u);
}

TEST_F(StoreTest, sync_mode_may_change_between_runs) {
  for (std::uint64_t index = 1; index <= 6; ++index) {
    options.sync_full = index % 2 == 0;
    open();
    EXPECT_EQ(store->applied().index, index - 1);
    put(index, "a", std::to_string(index));
    store->close();
  }
  options.sync_full = true;
  open();
  put(7, "a", "7");
  abandon();
  options.sync_full = false;
  open();
  EXPECT_EQ(get("a"), "7");
  put(8, "a", "8");
  abandon();
  open();
  EXPECT_EQ(get("a"), "7") << "back to the checkpoint that the change of mode took";
}

TEST_F(StoreTest, directory_that_cannot_be_written_is_refused) {
  options.directory = "/proc/conclave/state";
  const Result<void> opened = try_open();
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message.find("/proc/conclave"), std::string::npos);
}

}  // namespace
}  // namespace conclave::daemon
