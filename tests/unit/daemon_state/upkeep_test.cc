// What keeps the state in bounds: reaping, kept requests, the changes table; and members and the
// feature level.

#include "daemon/tables/autopilot.h"
#include "daemon/tables/changes.h"
#include "daemon/tables/members.h"
#include "daemon/tables/requests.h"
#include "daemon/tables/row.h"
#include "tests/unit/daemon_state/machine.h"

namespace conclave::daemon {
namespace {

TEST(InitialState, is_written_once) {
  MemoryRows rows;
  initialise_state(rows);
  const MemoryRows before = rows;
  initialise_state(rows);  // As a server does that ended between its first checkpoint and entry.
  EXPECT_EQ(rows, before);
  EXPECT_EQ(read_meta(rows).revision, 1u);
}

class Reaping : public Machine {};

TEST_F(Reaping, forgets_tombstones_through_a_revision_and_raises_the_floor) {
  set("a/1", "x");
  set("a/2", "x");
  const std::uint64_t first = kv(KvVerb::remove, "a/1").revision;
  const std::uint64_t second = kv(KvVerb::remove, "a/2").revision;
  EXPECT_TRUE(run(ReapTombstones{first}).done);
  EXPECT_EQ(meta().index_floor, first);
  EXPECT_EQ(newest_tombstone(rows, "a/1"), 0u);
  EXPECT_EQ(newest_tombstone(rows, "a/"), second);
  EXPECT_EQ(meta().kv_index, second);
  EXPECT_TRUE(changes.topics.empty());
}

TEST_F(Reaping, says_when_there_is_more) {
  for (int i = 0; i < 1500; ++i) set("a/" + std::to_string(i), "x");
  finish(kv(KvVerb::remove_tree, ""));
  EXPECT_FALSE(run(ReapTombstones{revision()}).done);
  EXPECT_TRUE(run(ReapTombstones{revision()}).done);
  EXPECT_EQ(newest_tombstone(rows, ""), 0u);
}

TEST_F(Reaping, without_tombstones_changes_nothing) {
  set("a", "x");
  const MemoryRows before = rows;
  EXPECT_TRUE(run(ReapTombstones{revision()}).done);
  EXPECT_EQ(rows, before);
}

class Requests : public Machine {};

TEST_F(Requests, second_arrival_is_answered_and_not_applied) {
  const Outcome first = run(KvOp{.verb = KvVerb::set, .key = "a", .value = {"1"}}, "r1");
  set("a", "2");
  const MemoryRows before = rows;
  EXPECT_EQ(run(KvOp{.verb = KvVerb::set, .key = "a", .value = {"1"}}, "r1"), first);
  EXPECT_EQ(rows, before);
  EXPECT_TRUE(changes.topics.empty());
  EXPECT_EQ(entry("a").value.data, "2");
}

TEST_F(Requests, refusals_are_kept_too) {
  EXPECT_FALSE(run(KvOp{.verb = KvVerb::cas, .key = "a", .index = 9}, "r1").done);
  EXPECT_EQ(revision(), 1u);
  EXPECT_FALSE(run(KvOp{.verb = KvVerb::cas, .key = "a", .index = 0}, "r1").done);
}

TEST_F(Requests, oldest_are_forgotten_by_number_and_age) {
  for (std::uint64_t i = 0; i < requests_max + 10; ++i) {
    run(KvOp{.verb = KvVerb::set, .key = "a"}, "r" + std::to_string(i));
  }
  EXPECT_EQ(meta().requests_count, requests_max);
  EXPECT_FALSE(rows.get(request_key("r9")));
  EXPECT_TRUE(rows.get(request_key("r10")));
  now_ms += request_age_ms_max + 1;
  run(KvOp{.verb = KvVerb::set, .key = "a"}, "late");
  EXPECT_LT(meta().requests_count, requests_max);
  EXPECT_TRUE(rows.get(request_key("late")));
}

TEST_F(Requests, outcome_too_large_is_kept_as_an_error) {
  set("a", std::string(request_outcome_bytes_max, 'v'));
  const Txn reading{{KvOp{.verb = KvVerb::get, .key = "a"}}};
  EXPECT_TRUE(run(reading, "r1").done);
  EXPECT_NE(run(reading, "r1").error, "");
}

class MemberTable : public Machine {
 protected:
  static api::Member alive(std::uint64_t status = 1) {
    return {.id = "i", .name = "Node", .address = "10.0.0.1", .status = status};
  }
};

TEST_F(MemberTable, member_is_written_once_and_dated_by_its_status) {
  const Outcome first = run(MemberUpdate{.member = alive()});
  EXPECT_TRUE(woke(TopicKind::members));
  const MemoryRows before = rows;
  EXPECT_TRUE(run(MemberUpdate{.member = alive()}).done);
  EXPECT_EQ(rows, before);

  api::Member moved = alive();
  moved.address = "10.0.0.2";
  const Outcome second = run(MemberUpdate{.member = moved});
  EXPECT_EQ(find_member(rows, "node")->since, first.revision);
  EXPECT_EQ(find_member(rows, "node")->modify_index, second.revision);
  const Outcome third = run(MemberUpdate{.member = alive(3)});
  EXPECT_EQ(find_member(rows, "NODE")->since, third.revision);
  EXPECT_EQ(meta().members_index, third.revision);
}

TEST_F(MemberTable, status_is_dated_in_cluster_time) {
  now_ms = 5;
  run(MemberUpdate{.member = alive()});
  now_ms = 9;
  api::Member moved = alive();
  moved.address = "10.0.0.2";
  run(MemberUpdate{.member = moved});
  EXPECT_EQ(find_member(rows, "node")->since_time_ms, 5u);
  run(MemberUpdate{.member = alive(4)});
  EXPECT_EQ(find_member(rows, "node")->since_time_ms, 9u);
}

TEST_F(MemberTable, member_is_removed) {
  run(MemberUpdate{.member = alive()});
  EXPECT_TRUE(run(MemberUpdate{.member = alive(), .remove = true}).done);
  EXPECT_FALSE(find_member(rows, "node"));
  const MemoryRows before = rows;
  EXPECT_TRUE(run(MemberUpdate{.member = alive(), .remove = true}).done);
  EXPECT_EQ(rows, before);
  EXPECT_EQ(run(MemberUpdate{}).error, "Must provide member name");
}

class Autopilot : public Machine {};

TEST_F(Autopilot, configuration_is_written_whole_and_compared_and_set) {
  EXPECT_FALSE(read_autopilot(rows));
  EXPECT_FALSE(run(SetAutopilot{.cas = true, .index = 1}).done);
  const Outcome first = run(SetAutopilot{.config = {.min_quorum = 3}, .cas = true});
  EXPECT_TRUE(first.done);
  EXPECT_EQ(read_autopilot(rows)->create_index, first.revision);
  const MemoryRows before = rows;
  EXPECT_FALSE(run(SetAutopilot{.cas = true}).done);
  EXPECT_TRUE(run(SetAutopilot{.config = {.min_quorum = 3}}).done);
  EXPECT_EQ(rows, before);
  const Outcome second =
      run(SetAutopilot{.config = {.min_quorum = 5}, .cas = true, .index = first.revision});
  EXPECT_TRUE(second.done);
  EXPECT_EQ(read_autopilot(rows)->min_quorum, 5u);
  EXPECT_EQ(read_autopilot(rows)->create_index, first.revision);
  EXPECT_EQ(read_autopilot(rows)->modify_index, second.revision);
}

class Levels : public Machine {};

TEST_F(Levels, feature_level_rises_and_never_falls) {
  EXPECT_EQ(feature_level(rows), 1u);
  run(SetFeatureLevel{3});
  EXPECT_EQ(feature_level(rows), 3u);
  run(SetFeatureLevel{2});
  EXPECT_EQ(feature_level(rows), 3u);
  EXPECT_EQ(revision(), 2u);
}

TEST_F(Levels, cluster_time_never_goes_back) {
  record_time({.cluster_time_ms = 50}, rows);
  record_time({.cluster_time_ms = 40}, rows);
  EXPECT_EQ(stored_cluster_time_ms(rows), 50u);
}

class Changes : public Machine {
 protected:
  struct Seen {
    std::string key;
    std::string row;
  };
  std::vector<Seen> all() {
    std::vector<Seen> seen;
    rows.scan_prefix(table_key(Table::changes), [&](std::string_view key, std::string_view row) {
      seen.push_back({std::string(key), std::string(row)});
      return true;
    });
    return seen;
  }
};

TEST_F(Changes, every_object_is_recorded_with_its_row) {
  run(Txn{{KvOp{.verb = KvVerb::set, .key = "a", .value = {"1"}},
           KvOp{.verb = KvVerb::set, .key = "b"}, KvOp{.verb = KvVerb::remove, .key = "a"}}});
  const auto seen = all();
  ASSERT_EQ(seen.size(), 3u);
  for (std::uint32_t i = 0; i < 3; ++i) EXPECT_EQ(seen[i].key, change_key(2, i));
  const auto put = decode_row<ChangeRow>(seen[1].row);
  EXPECT_EQ(put.op, ChangeOp::put);
  EXPECT_EQ(put.name, "b");
  EXPECT_EQ(put.key, kv_key("b"));
  EXPECT_EQ(put.row, *rows.get(kv_key("b")));
  const auto erased = decode_row<ChangeRow>(seen[2].row);
  EXPECT_EQ(erased.op, ChangeOp::erase);
  EXPECT_EQ(erased.row, "");
}

TEST_F(Changes, oldest_are_trimmed_by_bytes) {
  const std::string value(512 * 1024, 'v');
  for (int i = 0; i < 64; ++i) set("k", value + std::to_string(i));
  std::uint64_t bytes = 0;
  const auto seen = all();
  for (const Seen& one : seen) bytes += one.key.size() + one.row.size();
  EXPECT_EQ(meta().changes_count, seen.size());
  EXPECT_EQ(meta().changes_bytes, bytes);
  EXPECT_LE(bytes, changes_bytes_max + changes_bytes_max / 64 + value.size());
  EXPECT_EQ(change_revision(seen.front().key), meta().changes_floor + 1);
}

TEST_F(Changes, oldest_are_trimmed_by_number) {
  for (std::uint64_t i = 0; i < changes_count_max + 200; ++i) {
    set("k", std::to_string(i));
  }
  EXPECT_LE(meta().changes_count, changes_count_max + 64);
  EXPECT_EQ(all().size(), meta().changes_count);
  EXPECT_GT(meta().changes_floor, 100u);
}

}  // namespace
}  // namespace conclave::daemon
