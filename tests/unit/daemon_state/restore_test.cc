/// What becomes of a snapshot's rows in a restore: Restamping over the state of a Machine.

#include "daemon/state/restore.h"

#include <gtest/gtest.h>

#include "api/model/record.h"
#include "daemon/tables/changes.h"
#include "daemon/tables/coordinates.h"
#include "daemon/tables/events.h"
#include "daemon/tables/key.h"
#include "daemon/tables/members.h"
#include "daemon/tables/prepared_queries.h"
#include "daemon/tables/topic_index.h"
#include "tests/unit/daemon_state/machine.h"

namespace conclave::daemon {
namespace {

class RestoreTest : public Machine {
 protected:
  /// The state that `rows` become over `present`; nullopt: refused.
  std::optional<MemoryRows> restored(const RestoreBasis& basis) {
    MemoryRows out;
    Restamping stamping(basis);
    bool good = true;
    rows.scan("", [&](std::string_view key, std::string_view row) {
      const auto stamped = stamping.row(key, row);
      good = stamped.has_value();
      if (good && *stamped) out.put(key, **stamped);
      return good;
    });
    if (!good) return std::nullopt;
    return out;
  }
  static std::size_t count(const MemoryRows& in, Table table) {
    std::size_t found = 0;
    in.scan_prefix(table_key(table), [&](std::string_view, std::string_view) {
      ++found;
      return true;
    });
    return found;
  }
};

TEST_F(RestoreTest, revision_goes_ahead_of_both) {
  set("a", "1");
  const std::uint64_t own = revision();
  EXPECT_EQ(read_meta(*restored({})).revision, own + restore_revision_step);
  EXPECT_EQ(read_meta(*restored({.revision = 1000})).revision, 1000 + restore_revision_step);
}

TEST_F(RestoreTest, every_row_and_index_has_the_new_revision) {
  node("n");
  service("n", "web", "web1");
  check("n", "c", "passing", "web1");
  session("s", "n");
  lock("k", "s", "v");
  run(WriteQuery{.query = {.id = "q", .name = "web", .session = "s"}});
  run(UpdateCoordinates{.updates = {{.node = "n", .coord = {.vec = {1}}}}});
  const auto after = restored({.revision = 500});
  ASSERT_TRUE(after);
  const std::uint64_t revision = 500 + restore_revision_step;
  const auto kv = find_kv(*after, "k");
  ASSERT_TRUE(kv);
  EXPECT_EQ(kv->modify_index, revision);
  EXPECT_EQ(kv->fence, revision) << "the holder is who the snapshot says";
  EXPECT_EQ(kv->session, "s");
  EXPECT_LT(kv->create_index, revision);
  EXPECT_EQ(find_query(*after, find_query_name(*after, "web")->id)->modify_index, revision);
  EXPECT_EQ(find_coordinate(*after, "n")->modify_index, revision);
  EXPECT_EQ(service_index(*after, "web"), revision);
  EXPECT_EQ(node_index(*after, "n"), revision);
  const Meta meta = read_meta(*after);
  for (const std::uint64_t index :
       {meta.kv_index, meta.sessions_index, meta.nodes_index, meta.services_index,
        meta.checks_index, meta.members_index, meta.index_floor, meta.changes_floor,
        meta.service_extinction_index, meta.node_extinction_index, meta.queries_index,
        meta.coordinates_index}) {
    EXPECT_EQ(index, revision);
  }
}

TEST_F(RestoreTest, events_stay_as_they_were) {
  run(FireEvent{{.id = "e", .name = "deploy"}});
  const auto after = restored({.revision = 500});
  ASSERT_TRUE(after);
  std::vector<api::UserEvent> events;
  visit_events(*after, [&](const api::UserEvent& event) {
    events.push_back(event);
    return true;
  });
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].id, "e");
  EXPECT_EQ(events[0].ltime, revision());
}

TEST_F(RestoreTest, tombstones_and_changes_are_gone_and_the_floors_stand_for_them) {
  set("gone", "x");
  kv(KvVerb::remove, "gone");
  const auto after = restored({});
  ASSERT_TRUE(after);
  EXPECT_EQ(count(*after, Table::tombstones), 0u);
  EXPECT_EQ(count(*after, Table::tombstone_revisions), 0u);
  EXPECT_EQ(count(*after, Table::changes), 0u);
  EXPECT_EQ(read_meta(*after).changes_count, 0u);
}

TEST_F(RestoreTest, members_are_the_present_ones) {
  run(MemberUpdate{.member = {.id = "1", .name = "old"}});
  const auto after = restored({});
  ASSERT_TRUE(after);
  EXPECT_EQ(count(*after, Table::members), 0u) << "whoever merges puts in the present ones";
  const RestoreBasis basis = restore_basis(rows, 0);
  ASSERT_EQ(basis.members.size(), 1u);
  EXPECT_EQ(basis.members[0].first, member_key("old"));
}

TEST_F(RestoreTest, time_goes_on_from_the_later_of_both) {
  record_time({.cluster_time_ms = 5000}, rows);
  EXPECT_EQ(stored_cluster_time_ms(*restored({.cluster_time_ms = 4000})), 5000u);
  EXPECT_EQ(stored_cluster_time_ms(*restored({.cluster_time_ms = 9000})), 9000u);
}

TEST_F(RestoreTest, a_kept_request_is_still_kept) {
  run(KvOp{.verb = KvVerb::set, .key = "a", .value = {"1"}}, "request");
  const auto after = restored({});
  ASSERT_TRUE(after);
  rows = *after;
  const std::uint64_t before = revision();
  EXPECT_TRUE(run(KvOp{.verb = KvVerb::set, .key = "a", .value = {"2"}}, "request").done);
  EXPECT_EQ(revision(), before);
  EXPECT_EQ(entry("a").value.data, "1");
}

TEST_F(RestoreTest, a_removal_in_parts_goes_on) {
  for (int i = 0; i < 3000; ++i) set("tree/" + std::to_string(i), "x");
  const Outcome begun = kv(KvVerb::remove_tree, "tree/");
  ASSERT_NE(begun.job, 0u);
  const auto after = restored({});
  ASSERT_TRUE(after);
  rows = *after;
  set("tree/new", "later");
  finish(begun);
  EXPECT_EQ(keys("tree/"), (std::vector<std::string>{"tree/new"}));
}

TEST_F(RestoreTest, the_state_goes_on_working) {
  session("s", (node("n"), "n"));
  lock("k", "s");
  rows = *restored({.revision = 7});
  EXPECT_FALSE(lock("k", (session("t", "n"), "t")).done) << "it is held";
  EXPECT_TRUE(end("s").error.empty());
  EXPECT_TRUE(lock("k", "t").done);
  EXPECT_GT(entry("k").fence, 7 + restore_revision_step);
}

TEST_F(RestoreTest, what_cannot_be_understood_is_refused) {
  rows.put(
      "\x10"
      "bad",
      "no record");
  EXPECT_FALSE(restored({}));
  rows.erase(
      "\x10"
      "bad");
  rows.put("\xf0", "of a table that nobody knows");
  EXPECT_FALSE(restored({}));
  rows.erase("\xf0");
  EXPECT_TRUE(restored({}));
  Meta meta = read_meta(rows);
  meta.feature_level = 99;
  rows.put(meta_key(), api::encode_record(meta));
  EXPECT_FALSE(restored({}));
}

}  // namespace
}  // namespace conclave::daemon
