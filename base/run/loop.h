#pragma once

/// A loop: one thread, one io_context, everything that lives on it. Loops share nothing; they hand
/// over work with post() (design section 3). Coroutines are Task<T>: awaitables of the io_context's
/// own executor type, which costs 2-3 % over callbacks where any_io_executor costs 9 %.

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace conclave {

using Executor = boost::asio::io_context::executor_type;

template <class T = void>
using Task = boost::asio::awaitable<T, Executor>;

/// Completion token for I/O inside a Task:
///   auto [error, n] = co_await socket.async_read_some(buffer, as_result);
/// Expected I/O errors are values here, never exceptions. To be awaited at once: deferred, the
/// operation needs no coroutine of its own.
inline constexpr boost::asio::as_tuple_t<boost::asio::deferred_t> as_result{};

class Loop {
 public:
  explicit Loop(std::string name);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  const std::string& name() const { return name_; }
  boost::asio::io_context& context() { return context_; }
  Executor executor() { return context_.get_executor(); }

  /// Runs the loop on the calling thread until stop(); at most once. The loop does not end for lack
  /// of work. After a stop() that came first it returns at once.
  void run();
  /// Runs what is ready and the end-of-turn work that follows from it, and returns without waiting;
  /// the number of handlers run. Instead of run(), for tests and for draining at shutdown.
  std::size_t run_ready();
  /// Any thread. Pending handlers are left where they are; owners are destroyed after run()
  /// returned.
  void stop();

  /// Any thread. Runs `work` on this loop, in order of posting. Posts are collected under a mutex
  /// and drained whole, and only the first of a batch wakes the loop (an eventfd write costs about
  /// 25 µs across cores).
  void post(std::function<void()> work);

  /// Runs `work` at the end of the present turn, after all handlers that are ready now; loop thread
  /// only. This is how the proposals of one turn become one batch. Several calls keep their order.
  /// Handlers that keep each other ready do not put it off for more than a millisecond.
  void at_end_of_turn(std::function<void()> work);

  /// True on the thread that is inside run(), and anywhere while nobody is (set-up, tests).
  bool is_here() const;

  /// Starts a task on this loop; loop thread only (post() first from elsewhere). A task answers
  /// errors as values: one that ends in an exception ends the process, with `name` in the log.
  void spawn(const char* name, Task<void> task);

 private:
  struct Inbox;
  void run_end_of_turn();
  bool turn_is_over() const;

  const std::string name_;
  /// Before the context: frames that die with the context may still call post().
  std::unique_ptr<Inbox> inbox_;
  boost::asio::io_context context_{1};
};

}  // namespace conclave
