// KV operations and locks: contract sections 3 and 5.4, traps of section 20.

#include <algorithm>

#include "base/core/bytes.h"
#include "daemon/state/kv.h"
#include "tests/unit/daemon_state/machine.h"

namespace conclave::daemon {
namespace {

class Kv : public Machine {};

TEST_F(Kv, first_command_gets_revision_two) {
  EXPECT_EQ(revision(), 1u);
  EXPECT_EQ(set("a", "1").revision, 2u);
}

TEST_F(Kv, set_stores_value_flags_and_indexes) {
  EXPECT_TRUE(kv(KvVerb::set, "a", "1", 0, "", 7).done);
  EXPECT_EQ(
      entry("a"),
      (api::KvEntry{.key = "a", .flags = 7, .value = {"1"}, .create_index = 2, .modify_index = 2}));
  EXPECT_TRUE(woke(TopicKind::key, "a"));
}

TEST_F(Kv, set_without_flags_resets_them) {
  kv(KvVerb::set, "a", "1", 0, "", 7);
  set("a", "1");
  EXPECT_EQ(entry("a").flags, 0u);
  EXPECT_EQ(entry("a").create_index, 2u);
  EXPECT_EQ(entry("a").modify_index, 3u);
}

TEST_F(Kv, trap_01_flags_above_the_signed_range_survive) {
  kv(KvVerb::set, "a", "", 0, "", 16210313421097356768u);
  EXPECT_EQ(entry("a").flags, 16210313421097356768u);
}

TEST_F(Kv, trap_12_set_of_the_same_changes_nothing) {
  set("a", "1");
  const MemoryRows before = rows;
  EXPECT_TRUE(set("a", "1").done);
  EXPECT_EQ(rows, before);
  EXPECT_EQ(changes.revision, 0u);
  EXPECT_TRUE(changes.topics.empty());
}

struct CasCase {
  const char* what;
  bool present;
  std::int64_t index_offset;  ///< From the entry's ModifyIndex; -1000 = index 0.
  bool done;
};

TEST_F(Kv, cas_compares_the_modify_index) {
  for (const CasCase& c :
       {CasCase{"absent and 0", false, -1000, true}, CasCase{"absent and 5", false, 5, false},
        CasCase{"present and 0", true, -1000, false},
        CasCase{"present and its index", true, 0, true},
        CasCase{"present and an older index", true, -1, false}}) {
    const std::string key = c.what;
    if (c.present) set(key, "old");
    const auto modify = static_cast<std::int64_t>(entry(key).modify_index);
    const std::uint64_t index =
        c.index_offset == -1000 ? 0 : static_cast<std::uint64_t>(modify + c.index_offset);
    EXPECT_EQ(kv(KvVerb::cas, key, "new", index).done, c.done) << c.what;
    EXPECT_EQ(entry(key).value.data == "new", c.done) << c.what;
  }
}

TEST_F(Kv, remove_leaves_a_tombstone) {
  set("a/b", "1");
  const Outcome outcome = kv(KvVerb::remove, "a/b");
  EXPECT_TRUE(outcome.done);
  EXPECT_FALSE(exists("a/b"));
  EXPECT_EQ(newest_tombstone(rows, "a/"), outcome.revision);
  EXPECT_EQ(newest_tombstone(rows, "b"), 0u);
  EXPECT_EQ(meta().kv_index, outcome.revision);
  EXPECT_TRUE(changes.removed_keys);
}

TEST_F(Kv, remove_of_a_missing_key_is_true_and_changes_nothing) {
  const MemoryRows before = rows;
  EXPECT_TRUE(kv(KvVerb::remove, "a").done);
  EXPECT_EQ(rows, before);
}

TEST_F(Kv, trap_25_remove_cas_of_a_missing_key_is_true) {
  EXPECT_TRUE(kv(KvVerb::remove_cas, "a", "", 17).done);
}

TEST_F(Kv, remove_cas_compares_the_modify_index) {
  set("a", "1");
  EXPECT_FALSE(kv(KvVerb::remove_cas, "a", "", 0).done);
  EXPECT_FALSE(kv(KvVerb::remove_cas, "a", "", 1).done);
  EXPECT_TRUE(exists("a"));
  EXPECT_TRUE(kv(KvVerb::remove_cas, "a", "", 2).done);
  EXPECT_FALSE(exists("a"));
}

TEST_F(Kv, trap_06_tombstone_of_a_key_removed_twice_is_the_later) {
  set("a/b", "1");
  kv(KvVerb::remove, "a/b");
  set("a/b", "2");
  const Outcome second = kv(KvVerb::remove, "a/b");
  EXPECT_EQ(newest_tombstone(rows, "a/"), second.revision);
  // One row by key and one by revision, nothing left of the first.
  run(ReapTombstones{second.revision});
  EXPECT_EQ(newest_tombstone(rows, ""), 0u);
}

TEST_F(Kv, remove_tree_removes_what_is_below_the_prefix) {
  for (const char* key : {"a", "a/1", "a/2", "b"}) set(key, "x");
  EXPECT_TRUE(kv(KvVerb::remove_tree, "a/").done);
  EXPECT_EQ(keys(), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(woke(TopicKind::key, "a/1"));
  EXPECT_TRUE(woke(TopicKind::key, "a/2"));
  EXPECT_EQ(changes.topics.size(), 2u);
}

TEST_F(Kv, remove_tree_of_everything_and_of_nothing) {
  set("a", "1");
  set("b", "1");
  EXPECT_TRUE(kv(KvVerb::remove_tree, "").done);
  EXPECT_TRUE(keys().empty());
  const MemoryRows before = rows;
  EXPECT_TRUE(kv(KvVerb::remove_tree, "").done);
  EXPECT_EQ(rows, before);
}

TEST_F(Kv, keys_are_listed_bytewise) {
  for (const char* key : {"b", "a/b", "a", "B", "a0", "\xff", "a/"}) set(key, "x");
  EXPECT_EQ(keys(), (std::vector<std::string>{"B", "a", "a/", "a/b", "a0", "b", "\xff"}));
}

TEST_F(Kv, keys_of_any_length_up_to_the_limit_are_stored_listed_and_removed) {
  const std::string stem(tail_bytes_max, 'k');
  std::vector<std::string> all = {stem.substr(1), stem,        stem + "a",
                                  stem + "b",     stem + "ba", std::string(kv_key_bytes_max, 'z')};
  std::ranges::sort(all);
  for (const std::string& key : all) EXPECT_TRUE(set(key, "v" + key).done);
  EXPECT_EQ(keys(), all);
  for (const std::string& key : all) EXPECT_EQ(entry(key).value.data, "v" + key);
  EXPECT_EQ(keys(stem + "b"), (std::vector<std::string>{stem + "b", stem + "ba"}));
  EXPECT_TRUE(kv(KvVerb::remove_tree, stem + "b").done);
  EXPECT_FALSE(exists(stem + "ba"));
  EXPECT_TRUE(exists(stem + "a"));
  EXPECT_EQ(newest_tombstone(rows, stem + "b"), revision());
  EXPECT_EQ(newest_tombstone(rows, stem + "c"), 0u);
}

TEST_F(Kv, key_over_the_limit_is_refused) {
  const MemoryRows before = rows;
  EXPECT_EQ(set(std::string(kv_key_bytes_max + 1, 'k'), "v").error,
            "Key is too long (65537 > 65536 bytes)");
  EXPECT_EQ(set("", "v").error, "Must provide key");
  EXPECT_EQ(rows, before);
}

TEST_F(Kv, listing_goes_on_after_a_key) {
  const std::string stem(tail_bytes_max, 'k');
  for (const std::string& key : {std::string("a"), std::string("b"), stem, stem + "1", stem + "2"})
    set(key, "x");
  auto after = [&](const std::string& key) {
    std::vector<std::string> found;
    visit_kv(
        rows, "",
        [&](const KvView& view) {
          found.emplace_back(view.key);
          return true;
        },
        key);
    return found;
  };
  EXPECT_EQ(after("a").front(), "b");
  EXPECT_EQ(after("aa").front(), "b");
  EXPECT_EQ(after(stem).front(), stem + "1");
  EXPECT_EQ(after(stem + "1"), (std::vector<std::string>{stem + "2"}));
  EXPECT_TRUE(after(stem + "2").empty());
}

TEST_F(Kv, listing_stops_when_the_visitor_has_enough) {
  const std::string stem(tail_bytes_max, 'k');
  for (const std::string& key : {std::string("a"), stem + "1", stem + "2"}) set(key, "x");
  for (std::size_t wanted : {1u, 2u, 3u}) {
    std::size_t seen = 0;
    visit_kv(rows, "", [&](const KvView&) { return ++seen < wanted; });
    EXPECT_EQ(seen, wanted);
  }
}

class Locks : public Machine {
 protected:
  Locks() {
    node("n");
    session("s1", "n", "release", std::chrono::seconds(15));
    session("s2", "n", "release", std::chrono::seconds(15));
  }
};

TEST_F(Locks, acquire_of_a_free_key_sets_holder_value_and_counter) {
  const Outcome outcome = lock("k", "s1", "v");
  EXPECT_TRUE(outcome.done);
  EXPECT_EQ(outcome.fence, outcome.revision);
  EXPECT_EQ(entry("k"), (api::KvEntry{.lock_index = 1,
                                      .key = "k",
                                      .value = {"v"},
                                      .session = "s1",
                                      .create_index = outcome.revision,
                                      .modify_index = outcome.revision,
                                      .fence = outcome.revision}));
}

TEST_F(Locks, acquire_of_a_held_key_is_false) {
  lock("k", "s1");
  const MemoryRows before = rows;
  const Outcome outcome = lock("k", "s2", "v");
  EXPECT_FALSE(outcome.done);
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(rows, before);
}

TEST_F(Locks, trap_11_acquire_by_the_holder_writes_without_counting) {
  const Outcome first = lock("k", "s1", "v");
  const Outcome again = lock("k", "s1", "w");
  EXPECT_TRUE(again.done);
  EXPECT_EQ(again.fence, first.fence);
  EXPECT_EQ(entry("k").lock_index, 1u);
  EXPECT_EQ(entry("k").value.data, "w");
  EXPECT_EQ(entry("k").modify_index, again.revision);
}

TEST_F(Locks, acquire_with_a_session_that_does_not_live_is_an_error) {
  EXPECT_EQ(lock("k", "nobody").error, "invalid session \"nobody\"");
  EXPECT_EQ(lock("k", "").error, "missing session");
  EXPECT_EQ(unlock("k", "").error, "missing session");
}

TEST_F(Locks, trap_11_release_writes_the_value_and_keeps_the_counter) {
  lock("k", "s1", "v");
  const Outcome outcome = unlock("k", "s1", "w");
  EXPECT_TRUE(outcome.done);
  EXPECT_EQ(entry("k").session, "");
  EXPECT_EQ(entry("k").value.data, "w");
  EXPECT_EQ(entry("k").lock_index, 1u);
  EXPECT_EQ(entry("k").modify_index, outcome.revision);
}

TEST_F(Locks, release_by_anybody_else_is_false) {
  lock("k", "s1");
  EXPECT_FALSE(unlock("k", "s2").done);
  EXPECT_FALSE(unlock("k", "nobody").done);
  EXPECT_FALSE(unlock("missing", "s1").done);
  EXPECT_EQ(entry("k").session, "s1");
}

TEST_F(Locks, counter_and_fence_rise_with_each_acquisition) {
  const Outcome first = lock("k", "s1");
  unlock("k", "s1");
  const Outcome second = lock("k", "s2");
  EXPECT_EQ(entry("k").lock_index, 2u);
  EXPECT_GT(second.fence, first.fence);
}

TEST_F(Locks, fence_rises_even_if_the_key_was_removed_in_between) {
  const Outcome first = lock("k", "s1");
  kv(KvVerb::remove, "k");
  const Outcome second = lock("k", "s2");
  EXPECT_EQ(entry("k").lock_index, 1u);
  EXPECT_GT(second.fence, first.fence);
}

TEST_F(Locks, plain_set_and_cas_of_a_locked_key_keep_holder_and_counter) {
  lock("k", "s1");
  EXPECT_TRUE(set("k", "w").done);
  EXPECT_TRUE(kv(KvVerb::cas, "k", "x", entry("k").modify_index).done);
  EXPECT_EQ(entry("k").session, "s1");
  EXPECT_EQ(entry("k").lock_index, 1u);
}

TEST_F(Locks, removing_a_locked_key_frees_it_without_delay) {
  lock("k", "s1");
  kv(KvVerb::remove, "k");
  EXPECT_TRUE(lock("k", "s2").done);
  end("s1");  // holds nothing any more
  EXPECT_EQ(entry("k").session, "s2");
}

TEST_F(Locks, trap_08_explicit_release_arms_no_delay) {
  lock("k", "s1");
  unlock("k", "s1");
  EXPECT_TRUE(lock("k", "s2").done);
}

TEST_F(Locks, trap_08_end_of_the_holder_arms_the_delay) {
  lock("k", "s1");
  end("s1");
  EXPECT_TRUE(changes.armed_lock_delays);
  now_ms += 14'999;
  const Outcome during = lock("k", "s2");
  EXPECT_FALSE(during.done);
  EXPECT_EQ(during.error, "");
  now_ms += 1;
  EXPECT_TRUE(lock("k", "s2").done);
}

TEST_F(Locks, trap_08_plain_writes_are_exempt_from_the_delay) {
  lock("k", "s1");
  end("s1");
  EXPECT_TRUE(set("k", "w").done);
  EXPECT_TRUE(kv(KvVerb::cas, "k", "x", entry("k").modify_index).done);
  EXPECT_TRUE(kv(KvVerb::remove, "k").done);
  EXPECT_FALSE(lock("k", "s2").done);  // by key, not by entry
}

TEST_F(Locks, lock_delay_is_at_most_a_minute) {
  session("long", "n", "release", std::chrono::hours(1));
  lock("k", "long");
  end("long");
  now_ms += 59'999;
  EXPECT_FALSE(lock("k", "s1").done);
  now_ms += 1;
  EXPECT_TRUE(lock("k", "s1").done);
}

TEST_F(Locks, lock_delay_of_zero_is_none) {
  session("quick", "n", "release");
  lock("k", "quick");
  end("quick");
  EXPECT_TRUE(lock("k", "s1").done);
}

TEST_F(Locks, lock_delay_that_is_shorter_than_a_running_one_changes_nothing) {
  session("quick", "n", "release", std::chrono::milliseconds(1));
  lock("k", "s1");
  end("s1");
  now_ms += 15'000;
  lock("k", "s2");
  end("s2");  // until +15 s
  now_ms += 1;
  EXPECT_FALSE(lock("k", "quick").done);
  now_ms += 14'999;
  EXPECT_TRUE(lock("k", "quick").done);
}

TEST_F(Locks, reaping_forgets_only_delays_that_are_over) {
  lock("k", "s1");
  end("s1");
  const MemoryRows before = rows;
  EXPECT_TRUE(run(ReapLockDelays{}).done);
  EXPECT_EQ(rows, before);
  now_ms += 15'000;
  EXPECT_TRUE(run(ReapLockDelays{}).done);
  EXPECT_FALSE(rows.get(lock_delay_key("k")));
  EXPECT_TRUE(changes.topics.empty());
}

TEST(quoted, is_like_gos) {
  EXPECT_EQ(quoted("a/b"), "\"a/b\"");
  EXPECT_EQ(quoted("a\"\\\n\t\r\x01z"), R"("a\"\\\n\t\r\x01z")");
}

}  // namespace
}  // namespace conclave::daemon
