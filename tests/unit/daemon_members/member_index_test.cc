// The index says what the table says, whichever way it got there.

#include "daemon/members/member_index.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "api/model/record.h"
#include "base/core/rng.h"
#include "daemon/state/state_machine.h"
#include "daemon/store/memory_rows.h"
#include "daemon/tables/members.h"
#include "daemon/tables/meta.h"

namespace conclave::daemon {
namespace {

using Status = api::MemberStatus;

class MemberIndexTest : public testing::Test {
 protected:
  void write(CommandBody body) {
    ChangeSet changes;
    const Outcome outcome =
        apply(Command{.body = std::move(body)}, {.cluster_time_ms = 1000}, rows, changes);
    EXPECT_EQ(outcome.error, "");
  }
  void put(const std::string& name, const std::string& id, Status status = Status::alive,
           const std::string& role = "node") {
    api::Member member{.id = id, .name = name, .address = "10.0.0.1"};
    member.tags = {{"role", role}};
    member.status = static_cast<std::uint64_t>(status);
    write(MemberUpdate{.member = std::move(member)});
  }
  void remove(const std::string& name) {
    write(MemberUpdate{.member = {.name = name}, .remove = true});
  }
  /// As text, so that a difference can be read.
  static std::string text(const MemberIndex& index) {
    std::string all;
    for (const auto& [key, one] : index.entries()) {
      all += one.name + " " + one.id + " " + std::string(api::status_text(one.status)) +
             (one.is_server ? " server" : "") + "\n";
    }
    return all;
  }
  /// One that followed from the beginning and one that begins here agree.
  void expect_agreement() {
    index.follow(rows);
    MemberIndex fresh;
    fresh.follow(rows);
    EXPECT_EQ(text(index), text(fresh));
    EXPECT_EQ(index.servers(), fresh.servers());
    EXPECT_EQ(index.entries().size(), count_members(rows));
    for (const auto& [key, one] : fresh.entries()) {
      auto names = index.names_of(one.id);
      auto expected = fresh.names_of(one.id);
      std::ranges::sort(names);
      std::ranges::sort(expected);
      EXPECT_EQ(names, expected);
    }
  }

  MemoryRows rows;
  MemberIndex index;
};

TEST_F(MemberIndexTest, follows_what_comes_changes_and_goes) {
  put("Alpha", "1");
  put("server-0", "2", Status::alive, "consul");
  expect_agreement();
  EXPECT_EQ(text(index), "Alpha 1 alive\nserver-0 2 alive server\n");
  EXPECT_EQ(index.servers(), std::vector<std::string>{"server-0"});
  put("Alpha", "1", Status::failed);
  put("beta", "1");
  write(KvOp{.key = "a", .value = {"b"}});
  expect_agreement();
  EXPECT_EQ(index.names_of("1").size(), 2u);
  remove("ALPHA");
  expect_agreement();
  EXPECT_EQ(index.names_of("1"), std::vector<std::string>{"beta"});
  put("beta", "3");
  remove("server-0");
  expect_agreement();
  EXPECT_TRUE(index.names_of("1").empty());
  EXPECT_TRUE(index.servers().empty());
}

TEST_F(MemberIndexTest, agrees_after_any_sequence) {
  Rng rng(7);
  for (int round = 0; round < 200; ++round) {
    for (std::uint64_t n = rng.below(4); n > 0; --n) {
      const std::string name = "n" + std::to_string(rng.below(12));
      if (rng.chance(1, 4)) {
        remove(name);
      } else {
        put(name, std::to_string(rng.below(8)), static_cast<Status>(rng.between(1, 4)),
            rng.chance(1, 3) ? "consul" : "node");
      }
    }
    expect_agreement();
  }
}

TEST_F(MemberIndexTest, begins_anew_where_changes_are_missing) {
  put("a", "1");
  index.follow(rows);
  put("b", "2");
  Meta meta = read_meta(rows);
  meta.changes_floor = meta.revision;
  rows.put(meta_key(), api::encode_record(meta));
  rows.erase(member_key("a"));
  index.follow(rows);
  EXPECT_EQ(text(index), "b 2 alive\n");
}

TEST_F(MemberIndexTest, begins_anew_in_an_older_state) {
  put("a", "1");
  MemoryRows older = rows;
  put("b", "2");
  index.follow(rows);
  index.follow(older);
  EXPECT_EQ(text(index), "a 1 alive\n");
}

}  // namespace
}  // namespace conclave::daemon
