#include "base/run/waiter.h"

#include <utility>

#include "base/core/assert.h"

namespace conclave {

Task<bool> Waiter::wait_for(Nanos timeout) {
  CONCLAVE_ASSERT(loop_.is_here());
  if (timeout <= Nanos{0}) co_return false;
  Place place{Timer(loop_.context(), timeout)};
  const auto at = waiting_.insert(waiting_.end(), &place);
  [[maybe_unused]] auto [error] = co_await place.timer.async_wait(as_result);
  // Whoever notifies takes the place off the list, so that nobody is woken twice.
  if (!place.notified) waiting_.erase(at);
  co_return place.notified;
}

void Waiter::notify_one() {
  CONCLAVE_ASSERT(loop_.is_here());
  if (waiting_.empty()) return;
  Place* first = waiting_.front();
  waiting_.pop_front();
  first->notified = true;
  first->timer.cancel();
}

void Waiter::notify_all() {
  CONCLAVE_ASSERT(loop_.is_here());
  for (Place* place : std::exchange(waiting_, {})) {
    place->notified = true;
    place->timer.cancel();
  }
}

}  // namespace conclave
