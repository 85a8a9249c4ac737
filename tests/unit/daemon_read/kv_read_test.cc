// Oracle: contract sections 3 (KV reads) and 2.3 (indexes); design section 6 (index floor).
#include "daemon/read/kv_read.h"

#include <gtest/gtest.h>

#include "api/codec/writer.h"
#include "daemon/state/state_machine.h"
#include "daemon/store/memory_rows.h"
#include "daemon/tables/key.h"

namespace conclave::daemon {
namespace {

class KvReadTest : public testing::Test {
 protected:
  KvReadTest() { initialise_state(rows_); }

  void run(CommandBody body) {
    ChangeSet changes;
    Command command{.body = std::move(body), .request_id = {}};
    const Outcome outcome = apply(command, ApplyTime{}, rows_, changes);
    EXPECT_EQ(outcome.error, "");
  }
  void set(std::string key, std::string value = "v") {
    run(KvOp{.verb = KvVerb::set, .key = std::move(key), .value = {std::move(value)}});
  }
  void remove(std::string key) { run(KvOp{.verb = KvVerb::remove, .key = std::move(key)}); }

  std::string listed(std::string_view prefix) {
    std::string out;
    list_entries(rows_, prefix, [&](const KvView& entry) { write_entry(out, entry); });
    return out;
  }
  std::uint64_t index_of(std::string_view prefix) {
    return list_entries(rows_, prefix, [](const KvView&) {}).index;
  }
  std::vector<std::string> keys_of(std::string_view prefix, std::string_view separator = "") {
    std::vector<std::string> keys;
    const KvListing listing =
        list_keys(rows_, prefix, separator, [&](std::string_view key) { keys.emplace_back(key); });
    EXPECT_EQ(listing.count, keys.size());
    return keys;
  }

  MemoryRows rows_;
};

TEST_F(KvReadTest, an_entry_is_written_as_its_field_table_says) {
  const api::KvEntry cases[] = {
      {.key = "a"},
      {.lock_index = 3,
       .key = "q\"<",
       .flags = 16210313421097356768u,
       .value = {std::string("\0\xff", 2)},
       .session = "s",
       .create_index = 7,
       .modify_index = 9,
       .fence = 8},
  };
  for (const api::KvEntry& entry : cases) {
    std::string out;
    write_entry(out, KvView{.lock_index = entry.lock_index,
                            .key = entry.key,
                            .flags = entry.flags,
                            .value = entry.value.data,
                            .session = entry.session,
                            .create_index = entry.create_index,
                            .modify_index = entry.modify_index,
                            .fence = entry.fence});
    EXPECT_EQ(out, api::to_json(entry));
  }
}

TEST_F(KvReadTest, an_empty_table_has_index_1) {
  EXPECT_EQ(read_key(rows_, "a").index, 1u);
  EXPECT_EQ(index_of(""), 1u);
  EXPECT_EQ(index_of("a"), 1u);
}

TEST_F(KvReadTest, a_key_has_its_own_index_and_a_missing_one_that_of_the_table) {
  set("a");
  set("b");
  EXPECT_EQ(read_key(rows_, "a").index, 2u);
  EXPECT_EQ(read_key(rows_, "c").index, 3u);
  remove("b");
  EXPECT_EQ(read_key(rows_, "b").index, 4u) << "tombstones count";
  EXPECT_EQ(read_key(rows_, "a").index, 2u);
}

TEST_F(KvReadTest, a_prefix_has_the_index_of_what_is_or_was_below_it) {
  set("p/a");
  set("p/b");
  set("q");
  EXPECT_EQ(index_of("p/"), 3u);
  remove("p/a");
  EXPECT_EQ(index_of("p/"), 5u);
  EXPECT_EQ(list_keys(rows_, "p/", "", [](std::string_view) {}).index, 5u);
  EXPECT_EQ(index_of("p/b"), 3u);
  EXPECT_EQ(index_of("x"), 5u) << "never anything there: the whole table";
  EXPECT_EQ(index_of(""), 5u);
}

// Design section 6: X-Consul-Index = max(topic, floor), so that nothing goes back.
TEST_F(KvReadTest, reaped_tombstones_leave_a_floor) {
  set("p/a");
  set("p/b");
  remove("p/a");
  set("later");
  run(ReapTombstones{.through = 5});
  EXPECT_GE(index_of("p/"), 4u);
  EXPECT_EQ(read_key(rows_, "p/b").index, 3u) << "a key's own index never moves by itself";
}

TEST_F(KvReadTest, entries_are_sorted_bytewise) {
  for (const char* key : {"b", "a/z", "a", "a-", "\xc3\xa9", "B"}) set(key);
  const auto keys = keys_of("");
  const std::vector<std::string> sorted = {"B", "a", "a-", "a/z", "b", "\xc3\xa9"};
  EXPECT_EQ(keys, sorted);
}

TEST_F(KvReadTest, long_keys_are_listed_whole_and_in_order) {
  const std::string stem(600, 'k');
  set(stem + "b");
  set(stem + "a");
  set(stem);
  const std::vector<std::string> sorted = {stem, stem + "a", stem + "b"};
  EXPECT_EQ(keys_of(stem), sorted);
  EXPECT_EQ(keys_of(stem + "a"), std::vector<std::string>{stem + "a"});
  EXPECT_EQ(listed(stem + "c"), "");
}

TEST_F(KvReadTest, a_separator_cuts_behind_its_first_place_past_the_prefix) {
  for (const char* key : {"x/1", "x/y/1", "x/y/2", "x/z::1", "x/z::2"}) set(key);
  const struct {
    const char* prefix;
    const char* separator;
    std::vector<std::string> keys;
  } cases[] = {
      {"", "/", {"x/"}},
      {"x/", "/", {"x/1", "x/y/", "x/z::1", "x/z::2"}},
      {"x/", "::", {"x/1", "x/y/1", "x/y/2", "x/z::"}},
      {"x/y", "/", {"x/y/"}},
      {"x/y/1", "/", {"x/y/1"}},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(keys_of(one.prefix, one.separator), one.keys) << one.prefix << " " << one.separator;
  }
}

}  // namespace
}  // namespace conclave::daemon
