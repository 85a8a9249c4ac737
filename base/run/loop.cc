#include "base/run/loop.h"

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/core/assert.h"
#include "base/run/log.h"

namespace conclave {
namespace {

using Work = std::function<void()>;

/// How long ready handlers may put off the end-of-turn work that already waits.
constexpr std::chrono::milliseconds turn_max{1};

std::string describe(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "an exception of unknown type";
  }
}

}  // namespace

struct Loop::Inbox {
  std::mutex mutex;
  std::vector<Work> posted;  ///< Guarded by `mutex`.
  bool awake = false;        ///< Guarded by `mutex`: a drain is on its way to the loop.

  /// The loop thread's own.
  std::vector<Work> end_of_turn;
  std::chrono::steady_clock::time_point turn_began;
  std::optional<boost::asio::executor_work_guard<Executor>> stay;

  std::atomic<std::thread::id> running{std::thread::id{}};

  void drain() {
    std::vector<Work> batch;
    {
      const std::lock_guard lock(mutex);
      batch.swap(posted);
      awake = false;
    }
    for (Work& work : batch) work();
  }
};

Loop::Loop(std::string name) : name_(std::move(name)), inbox_(std::make_unique<Inbox>()) {
  inbox_->stay.emplace(context_.get_executor());
}

Loop::~Loop() {
  CONCLAVE_ASSERT_WHY(inbox_->running.load() == std::thread::id{},
                      "a loop is destroyed after run() returned");
  inbox_->stay.reset();
  // What was never run is destroyed now, while the context that it may refer to is still there.
  inbox_->end_of_turn.clear();
  std::vector<Work> unrun;
  {
    const std::lock_guard lock(inbox_->mutex);
    unrun.swap(inbox_->posted);
    inbox_->awake = true;
  }
}

void Loop::run() {
  CONCLAVE_ASSERT(inbox_->running.load() == std::thread::id{});
  inbox_->running.store(std::this_thread::get_id());
  while (!context_.stopped()) {
    if (inbox_->end_of_turn.empty()) {
      context_.run_one();
    } else if (turn_is_over() || context_.poll_one() == 0) {
      run_end_of_turn();
    }
  }
  inbox_->running.store(std::thread::id{});
}

std::size_t Loop::run_ready() {
  std::size_t count = 0;
  for (;;) {
    const std::size_t ran = context_.poll();
    count += ran;
    if (!inbox_->end_of_turn.empty()) {
      run_end_of_turn();
    } else if (ran == 0) {
      return count;
    }
  }
}

void Loop::stop() { context_.stop(); }

void Loop::post(Work work) {
  {
    const std::lock_guard lock(inbox_->mutex);
    inbox_->posted.push_back(std::move(work));
    if (std::exchange(inbox_->awake, true)) return;
  }
  boost::asio::post(context_, [inbox = inbox_.get()] { inbox->drain(); });
}

void Loop::at_end_of_turn(Work work) {
  CONCLAVE_ASSERT_WHY(is_here(), "end-of-turn work belongs to the loop's own thread");
  if (inbox_->end_of_turn.empty()) inbox_->turn_began = std::chrono::steady_clock::now();
  inbox_->end_of_turn.push_back(std::move(work));
}

bool Loop::is_here() const {
  const std::thread::id running = inbox_->running.load(std::memory_order_relaxed);
  return running == std::thread::id{} || running == std::this_thread::get_id();
}

void Loop::spawn(const char* name, Task<void> task) {
  CONCLAVE_ASSERT_WHY(is_here(), "post() first: a task is started by its loop's own thread");
  boost::asio::co_spawn(context_, std::move(task), [name](const std::exception_ptr& thrown) {
    if (thrown) die("loop", fmt::format("task '{}' ended in: {}", name, describe(thrown)));
  });
}

void Loop::run_end_of_turn() {
  // What is added meanwhile belongs to the next turn.
  std::vector<Work> batch;
  batch.swap(inbox_->end_of_turn);
  for (Work& work : batch) work();
}

bool Loop::turn_is_over() const {
  return std::chrono::steady_clock::now() - inbox_->turn_began >= turn_max;
}

}  // namespace conclave
