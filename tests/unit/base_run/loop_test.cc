#include "base/run/loop.h"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/post.hpp>
#include <thread>
#include <vector>

#include "base/run/loop_thread.h"
#include "base/run/run_on.h"
#include "base/run/sleep.h"

namespace conclave {
namespace {

using Order = std::vector<std::string>;

TEST(Loop, runs_posted_work_in_order) {
  Loop loop("test");
  Order order;
  loop.post([&] { order.push_back("a"); });
  loop.post([&] {
    order.push_back("b");
    loop.post([&] { order.push_back("d"); });
  });
  loop.post([&] { order.push_back("c"); });
  loop.run_ready();
  EXPECT_EQ(order, (Order{"a", "b", "c", "d"}));
}

TEST(Loop, end_of_turn_work_runs_after_all_ready_handlers_in_order) {
  Loop loop("test");
  Order order;
  loop.post([&] {
    loop.at_end_of_turn([&] { order.push_back("end 1"); });
    loop.at_end_of_turn([&] { order.push_back("end 2"); });
    order.push_back("a");
  });
  boost::asio::post(loop.context(), [&] { order.push_back("b"); });
  loop.run_ready();
  EXPECT_EQ(order, (Order{"a", "b", "end 1", "end 2"}));
}

TEST(Loop, end_of_turn_work_registered_at_the_end_of_a_turn_waits_for_the_next) {
  Loop loop("test");
  Order order;
  loop.at_end_of_turn([&] {
    order.push_back("first");
    loop.at_end_of_turn([&] { order.push_back("second"); });
    loop.post([&] { order.push_back("between"); });
  });
  loop.run_ready();
  EXPECT_EQ(order, (Order{"first", "between", "second"}));
}

TEST(Loop, run_does_the_end_of_turn_work_before_it_blocks) {
  Loop loop("test");
  Order order;
  loop.post([&] {
    order.push_back("work");
    loop.at_end_of_turn([&] {
      order.push_back("end");
      loop.stop();
    });
  });
  loop.run();
  EXPECT_EQ(order, (Order{"work", "end"}));
}

TEST(Loop, handlers_that_keep_each_other_ready_do_not_starve_the_end_of_the_turn) {
  Loop loop("test");
  std::function<void()> again = [&] { loop.post(again); };
  loop.post(again);
  loop.post([&] { loop.at_end_of_turn([&] { loop.stop(); }); });
  loop.run();
}

TEST(Loop, stop_before_run_makes_run_return_at_once) {
  Loop loop("test");
  bool ran = false;
  loop.post([&] { ran = true; });
  loop.stop();
  loop.run();
  EXPECT_FALSE(ran);
}

TEST(Loop, does_not_end_for_lack_of_work) {
  Loop loop("test");
  std::atomic<bool> returned = false;
  std::thread thread([&] {
    loop.run();
    returned = true;
  });
  std::atomic<bool> reached = false;
  loop.post([&] { reached = true; });
  while (!reached) std::this_thread::yield();
  EXPECT_FALSE(returned);
  loop.stop();
  thread.join();
}

TEST(Loop, takes_work_from_many_threads_each_in_its_order) {
  constexpr int threads = 4;
  constexpr int posts = 2000;
  Loop loop("test");
  std::vector<std::vector<int>> seen(threads);
  int left = threads * posts;
  std::vector<std::thread> posters;
  for (std::size_t t = 0; t < threads; ++t) {
    posters.emplace_back([&, t] {
      for (int i = 0; i < posts; ++i) {
        loop.post([&, t, i] {
          seen[t].push_back(i);
          if (--left == 0) loop.stop();
        });
      }
    });
  }
  loop.run();
  for (std::thread& poster : posters) poster.join();
  for (const auto& numbers : seen) {
    ASSERT_EQ(numbers.size(), std::size_t{posts});
    for (std::size_t i = 0; i < numbers.size(); ++i) ASSERT_EQ(numbers[i], static_cast<int>(i));
  }
}

TEST(Loop, is_here_only_on_the_running_thread) {
  Loop loop("test");
  EXPECT_TRUE(loop.is_here());
  std::atomic<int> here_inside = -1;
  std::thread thread([&] { loop.run(); });
  loop.post([&] { here_inside = loop.is_here() ? 1 : 0; });
  while (here_inside < 0) std::this_thread::yield();
  EXPECT_EQ(here_inside, 1);
  EXPECT_FALSE(loop.is_here());
  loop.stop();
  thread.join();
  EXPECT_TRUE(loop.is_here());
}

TEST(Loop, is_not_here_once_it_has_a_thread_of_its_own) {
  for (int round = 0; round < 100; ++round) {
    Loop loop("test");
    std::thread thread = run_on_own_thread(loop);
    ASSERT_FALSE(loop.is_here());
    loop.stop();
    thread.join();
    ASSERT_TRUE(loop.is_here());
  }
}

TEST(Loop, destroys_what_it_never_ran_while_it_still_accepts_posts) {
  struct PostsWhenDestroyed {
    Loop* loop;
    ~PostsWhenDestroyed() {
      loop->post([] {});
    }
  };
  Loop loop("test");
  auto last_words = std::make_shared<PostsWhenDestroyed>(&loop);
  loop.post([last_words] {});
  loop.at_end_of_turn([last_words] {});
  boost::asio::post(loop.context(), [last_words] {});
  last_words.reset();
}

Task<void> note(Order* order, const char* word) {
  order->push_back(word);
  co_return;
}

TEST(Loop, spawn_runs_a_task) {
  Loop loop("test");
  Order order;
  loop.spawn("note", note(&order, "task"));
  loop.run_ready();
  EXPECT_EQ(order, Order{"task"});
}

Task<void> throw_out() {
  throw std::runtime_error("out of cheese");
  co_return;
}

TEST(LoopDeathTest, a_task_that_ends_in_an_exception_ends_the_process_by_name) {
  EXPECT_DEATH(
      {
        Loop loop("test");
        loop.spawn("cheese shop", throw_out());
        loop.run_ready();
      },
      "task 'cheese shop' ended in: out of cheese");
}

Task<std::thread::id> this_thread_id() { co_return std::this_thread::get_id(); }

Task<void> visit(Loop* other, std::thread::id* there, std::thread::id* back, Loop* home) {
  *there = co_await run_on(*other, this_thread_id());
  *back = std::this_thread::get_id();
  home->stop();
}

TEST(RunOn, runs_there_and_comes_back) {
  Loop home("home");
  Loop other("other");
  std::thread thread([&] { other.run(); });
  std::thread::id there;
  std::thread::id back;
  home.spawn("visit", visit(&other, &there, &back, &home));
  home.run();
  EXPECT_EQ(there, thread.get_id());
  EXPECT_EQ(back, std::this_thread::get_id());
  other.stop();
  thread.join();
}

Task<void> sleep_and_stop(Loop* loop) {
  co_await sleep_for(*loop, Nanos{0});
  co_await sleep_for(*loop, std::chrono::milliseconds{1});
  loop->stop();
}

TEST(SleepFor, comes_back) {
  Loop loop("test");
  loop.spawn("sleep", sleep_and_stop(&loop));
  loop.run();
}

Task<void> note_around_yield(Loop* loop, Order* order) {
  order->push_back("before");
  co_await yield_turn(*loop);
  order->push_back("after");
}

TEST(YieldTurn, lets_ready_handlers_run_first) {
  Loop loop("test");
  Order order;
  loop.spawn("yield", note_around_yield(&loop, &order));
  loop.spawn("other", note(&order, "other"));
  loop.run_ready();
  EXPECT_EQ(order, (Order{"before", "other", "after"}));
}

}  // namespace
}  // namespace conclave
