#include "base/run/sleep.h"

#include <boost/asio/post.hpp>

namespace conclave {

Task<void> sleep_for(Loop& loop, Nanos duration) {
  if (duration <= Nanos{0}) co_return;
  Timer timer(loop.context(), duration);
  [[maybe_unused]] auto [error] = co_await timer.async_wait(as_result);
}

Task<void> yield_turn(Loop& loop) {
  co_await boost::asio::post(loop.executor(), boost::asio::use_awaitable_t<Executor>{});
}

}  // namespace conclave
