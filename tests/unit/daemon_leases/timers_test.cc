// The leader's tables of time: session timers (contract 5.3, invariant 21) and the tombstone
// schedule (contract 2.3).

#include <gtest/gtest.h>

#include "daemon/leases/session_timers.h"
#include "daemon/leases/tombstone_schedule.h"

namespace conclave::daemon {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using Ids = std::vector<std::string>;
using Renewal = SessionTimers::Renewal;

constexpr std::size_t all = 100;

TEST(SessionTimers, trap_07_session_expires_after_twice_its_ttl) {
  SessionTimers timers;
  timers.start("s", seconds(10), seconds(100));
  EXPECT_EQ(timers.take_expired(seconds(120) - Nanos(1), all), Ids{});
  EXPECT_EQ(timers.take_expired(seconds(120), all), Ids{"s"});
}

TEST(SessionTimers, renewal_gives_the_full_time_again) {
  SessionTimers timers;
  timers.start("s", seconds(10), seconds(100));
  EXPECT_EQ(timers.renew("s", seconds(119)), Renewal::renewed);
  EXPECT_EQ(timers.take_expired(seconds(138), all), Ids{});
  EXPECT_EQ(timers.take_expired(seconds(139), all), Ids{"s"});
}

TEST(SessionTimers, session_without_ttl_is_renewed_and_never_expires) {
  SessionTimers timers;
  timers.start("s", Nanos::zero(), seconds(100));
  EXPECT_EQ(timers.renew("s", seconds(200)), Renewal::renewed);
  EXPECT_EQ(timers.take_expired(seconds(1'000'000), all), Ids{});
  EXPECT_EQ(timers.size(), 1u);
  EXPECT_EQ(timers.timed(), 0u);
}

TEST(SessionTimers, session_whose_end_was_proposed_cannot_be_renewed) {
  SessionTimers timers;
  timers.start("s", seconds(10), seconds(100));
  timers.take_expired(seconds(120), all);
  EXPECT_EQ(timers.renew("s", seconds(120)), Renewal::expiring);
  EXPECT_EQ(timers.take_expired(seconds(200), all), Ids{});
  timers.end("s");
  EXPECT_EQ(timers.renew("s", seconds(121)), Renewal::unknown);
}

TEST(SessionTimers, longest_overdue_is_first_and_the_number_is_limited) {
  SessionTimers timers;
  timers.start("c", seconds(3), seconds(0));
  timers.start("a", seconds(1), seconds(0));
  timers.start("b", seconds(2), seconds(0));
  EXPECT_EQ(timers.take_expired(seconds(10), 2), (Ids{"a", "b"}));
  EXPECT_EQ(timers.take_expired(seconds(10), 2), Ids{"c"});
}

TEST(SessionTimers, ended_cleared_and_restarted_sessions_leave_no_timer) {
  SessionTimers timers;
  timers.start("a", seconds(1), seconds(0));
  timers.start("a", seconds(5), seconds(0));
  timers.start("b", seconds(1), seconds(0));
  timers.end("b");
  timers.end("nobody");
  EXPECT_EQ(timers.timed(), 1u);
  EXPECT_EQ(timers.take_expired(seconds(9), all), Ids{});
  timers.clear();
  EXPECT_EQ(timers.size(), 0u);
  EXPECT_EQ(timers.renew("a", seconds(0)), Renewal::unknown);
}

TEST(TombstoneSchedule, trap_06_tombstones_are_due_a_quarter_of_an_hour_later) {
  TombstoneSchedule schedule;
  schedule.removed(7, seconds(100));
  EXPECT_FALSE(schedule.take_due(seconds(100) + minutes(15)));
  EXPECT_EQ(schedule.take_due(seconds(130) + minutes(15)), 7u);
  EXPECT_FALSE(schedule.take_due(seconds(1000) + minutes(15)));
}

TEST(TombstoneSchedule, removals_of_half_a_minute_are_one_and_none_is_early) {
  TombstoneSchedule schedule;
  schedule.removed(7, seconds(100));
  schedule.removed(9, seconds(130));
  schedule.removed(11, seconds(131));
  EXPECT_EQ(schedule.take_due(seconds(130) + minutes(15)), 9u);
  EXPECT_EQ(schedule.take_due(seconds(200) + minutes(15)), 11u);
  schedule.removed(12, seconds(2000));
  schedule.clear();
  EXPECT_FALSE(schedule.take_due(seconds(9000)));
}

}  // namespace
}  // namespace conclave::daemon
