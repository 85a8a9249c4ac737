#include "base/run/waiter.h"

#include <gtest/gtest.h>

#include <vector>

namespace conclave {
namespace {

constexpr Nanos long_time = std::chrono::hours{1};

class Waiting : public testing::Test {
 protected:
  Task<void> wait(int number, Nanos timeout) {
    const bool notified = co_await waiter_.wait_for(timeout);
    (notified ? woken_ : timed_out_).push_back(number);
    if (!notified) loop_.stop();
  }
  void start(int number, Nanos timeout = long_time) {
    loop_.spawn("wait", wait(number, timeout));
    loop_.run_ready();
  }

  Loop loop_{"test"};
  Waiter waiter_{loop_};
  std::vector<int> woken_;
  std::vector<int> timed_out_;
};

TEST_F(Waiting, notify_one_wakes_the_longest_waiting) {
  start(1);
  start(2);
  EXPECT_EQ(waiter_.waiting(), 2u);
  waiter_.notify_one();
  loop_.run_ready();
  EXPECT_EQ(woken_, std::vector{1});
  EXPECT_EQ(waiter_.waiting(), 1u);
}

TEST_F(Waiting, two_notifications_wake_two_even_before_the_first_has_run) {
  start(1);
  start(2);
  waiter_.notify_one();
  waiter_.notify_one();
  loop_.run_ready();
  EXPECT_EQ(woken_, (std::vector{1, 2}));
}

TEST_F(Waiting, notify_all_wakes_everybody_who_waits_now) {
  start(1);
  start(2);
  waiter_.notify_all();
  start(3);
  EXPECT_EQ(woken_, (std::vector{1, 2}));
  EXPECT_EQ(waiter_.waiting(), 1u);
}

TEST_F(Waiting, a_notification_is_not_stored) {
  waiter_.notify_one();
  waiter_.notify_all();
  start(1);
  EXPECT_TRUE(woken_.empty());
}

TEST_F(Waiting, a_deadline_ends_it) {
  loop_.spawn("wait", wait(1, std::chrono::milliseconds{1}));
  loop_.run();
  EXPECT_EQ(timed_out_, std::vector{1});
  EXPECT_EQ(waiter_.waiting(), 0u);
}

TEST_F(Waiting, a_deadline_in_the_past_does_not_wait_at_all) {
  loop_.spawn("wait", wait(1, Nanos{-1}));
  loop_.run();
  EXPECT_EQ(timed_out_, std::vector{1});
}

}  // namespace
}  // namespace conclave
