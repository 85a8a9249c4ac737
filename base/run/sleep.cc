#include "base/run/sleep.h"

#include <boost/asio/post.hpp>

namespace conclave {

namespace {

// Coroutines take values: a reference in a frame that outlives its caller is a bug waiting.
Task<void> sleep_on(Executor executor, Nanos duration) {
  if (duration <= Nanos{0}) co_return;
  Timer timer(executor, duration);
  [[maybe_unused]] auto [error] = co_await timer.async_wait(as_result);
}

Task<void> yield_on(Executor executor) {
  co_await boost::asio::post(executor, boost::asio::use_awaitable_t<Executor>{});
}

}  // namespace

Task<void> sleep_for(Loop& loop, Nanos duration) { return sleep_on(loop.executor(), duration); }

Task<void> yield_turn(Loop& loop) { return yield_on(loop.executor()); }

}  // namespace conclave
