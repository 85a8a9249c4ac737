#pragma once

/// A loop: one thread, one io_context, everything that lives on it. Loops share nothing; they hand over work with
/// post() (design section 3). Coroutines are Task<T>: awaitables of the io_context's own executor type, which
/// costs 2-3 % over callbacks where any_io_executor costs 9 %.

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace conclave {

using Executor = boost::asio::io_context::executor_type;

template <class T = void>
using Task = boost::asio::awaitable<T, Executor>;

/// Completion token for I/O inside a Task: `auto [error, n] = co_await socket.async_read_some(b, as_result);`
/// Expected I/O errors are values here, never exceptions.
inline constexpr boost::asio::as_tuple_t<boost::asio::use_awaitable_t<Executor>> as_result{};

class Loop {
 public:
  explicit Loop(std::string name);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  const std::string& name() const { return name_; }
  boost::asio::io_context& context() { return context_; }
  Executor executor() { return context_.get_executor(); }

  /// Runs the loop on the calling thread until stop(). The loop does not end for lack of work.
  void run();
  /// Any thread. Pending handlers are left where they are; owners are destroyed after run() returned.
  void stop();

  /// Any thread. Runs `work` on this loop, in order of posting. Posts are collected under a mutex and drained
  /// whole, and only the first of a batch wakes the loop (an eventfd write costs about 25 µs across cores).
  void post(std::function<void()> work);

  /// Runs `work` at the end of the present turn, after all handlers that are ready now; loop thread only. This is how
  /// the proposals of one turn become one batch. Several calls keep their order.
  void at_end_of_turn(std::function<void()> work);

  /// True on the thread that is inside run(), or anywhere while run() was never called (set-up, tests).
  bool is_here() const;

  /// Starts a task on this loop; loop thread only (post() first from elsewhere). `name` appears in the log if the task ends in
  /// an exception, which otherwise ends the process: tasks answer errors as values.
  void spawn(const char* name, Task<void> task);

 private:
  struct Inbox;
  const std::string name_;
  boost::asio::io_context context_{1};
  std::unique_ptr<Inbox> inbox_;
};

}  // namespace conclave
