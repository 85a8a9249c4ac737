#include "cli/commands/lock_semaphore.h"

#include <gtest/gtest.h>

namespace conclave::cli {
namespace {

api::KvEntry contender(const std::string& session, bool alive) {
  api::KvEntry entry;
  entry.key = "p/" + session;
  entry.flags = semaphore_flags;
  if (alive) entry.session = session;
  return entry;
}

api::KvEntry record(std::string json, std::uint64_t flags = semaphore_flags) {
  api::KvEntry entry;
  entry.key = "p/.lock";
  entry.flags = flags;
  entry.modify_index = 7;
  entry.value.data = std::move(json);
  return entry;
}

// Contract 5.5, api.Semaphore.

TEST(Semaphore, that_nobody_uses_yet_has_our_limit) {
  const auto view = read_semaphore({contender("a", true)}, "p/", 3);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->record.limit, 3u);
  EXPECT_TRUE(view->record.holders.empty());
  EXPECT_EQ(view->modify_index, 0u);
}

TEST(Semaphore, holders_without_a_living_session_are_left_out) {
  const auto view = read_semaphore({record(R"({"Limit":2,"Holders":{"a":true,"b":true,"c":true}})"),
                                    contender("a", true), contender("b", false)},
                                   "p/", 2);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->record.holders, (std::map<std::string, bool>{{"a", true}}));
  EXPECT_EQ(view->modify_index, 7u);
}

TEST(Semaphore, a_key_of_another_use_or_limit_is_refused) {
  auto view = read_semaphore({record("", lock_flags)}, "p/", 2);
  ASSERT_FALSE(view.has_value());
  EXPECT_EQ(view.error().message, "Existing key does not match semaphore use");
  view = read_semaphore({record(R"({"Limit":3,"Holders":{}})")}, "p/", 2);
  ASSERT_FALSE(view.has_value());
  EXPECT_EQ(view.error().message, "semaphore limit conflict (lock: 3, local: 2)");
  EXPECT_FALSE(read_semaphore({record("{")}, "p/", 2).has_value());
}

TEST(Claim, prefixes_are_joined_as_gos_path_join_does) {
  EXPECT_EQ(clean_prefix("/a//b/"), "a/b");
  EXPECT_EQ(clean_prefix("a"), "a");
  EXPECT_EQ(clean_prefix("//"), "");
}

}  // namespace
}  // namespace conclave::cli
