// Oracle: proc(5).

#include "agent/http/threads.h"

#include <gtest/gtest.h>

namespace conclave::agent {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view stat =
    "4711 (wal (old) x) S 1 2 3 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 5 0 100 1 1\n";

TEST(Threads, are_read_from_their_stat_whatever_their_name_is) {
  const auto thread = parse_thread(stat, 100);
  ASSERT_TRUE(thread.has_value());
  EXPECT_EQ(thread->id, "4711");
  EXPECT_EQ(thread->name, "wal (old) x");
  EXPECT_EQ(thread->state, 'S');
  EXPECT_EQ(thread->user, 2500ms);
  EXPECT_EQ(thread->system, 500ms);
}

TEST(Threads, that_cannot_be_read_are_none) {
  for (std::string_view bad : {"", "1", "1 (a", "1 a) S", "1 (a) S 1 2", "1 2 (a) S 1",
                               "1 (a) S 1 2 3 4 5 6 7 8 9 10 x y 1"}) {
    EXPECT_FALSE(parse_thread(bad, 100).has_value()) << bad;
  }
}

TEST(Threads, usage_is_what_was_used_meanwhile_and_the_busiest_comes_first) {
  const std::vector<ThreadTime> before = {{.id = "1", .name = "main", .state = 'S', .user = 5s},
                                          {.id = "2", .name = "wal", .state = 'S', .user = 1s}};
  const std::vector<ThreadTime> after = {
      {.id = "1", .name = "main", .state = 'R', .user = 5500ms, .system = 250ms},
      {.id = "2", .name = "wal", .state = 'S', .user = 2s},
      {.id = "3", .name = "new", .state = 'S', .user = 100ms}};
  EXPECT_EQ(usage_table(before, after, 2s),
            "thread   name             state    user % system %\n"
            "2        wal              S          50.0      0.0\n"
            "1        main             R          25.0     12.5\n"
            "3        new              S           5.0      0.0\n");
}

TEST(Threads, of_this_process_are_seen) { EXPECT_FALSE(threads_now().empty()); }

}  // namespace
}  // namespace conclave::agent
