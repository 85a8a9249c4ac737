#pragma once

/// Waiting for somebody else on the same loop, with a deadline.
///
/// A waiter carries no value: to be woken means "look again". The pattern is always
///
///   while (!ready()) {
///     if (!co_await waiter.wait_for(deadline - now)) co_return timed_out;
///   }
///
/// because between the notification and the waking other handlers run and may undo what was
/// announced (the re-check rule).

#include <cstddef>
#include <list>

#include "base/core/duration.h"
#include "base/run/loop.h"
#include "base/run/sleep.h"

namespace conclave {

/// Loop thread only. Must outlive its waiting tasks, or be destroyed together with their loop.
class Waiter {
 public:
  explicit Waiter(Loop& loop) : loop_(loop) {}
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  /// True when notified, false when `timeout` passed first.
  Task<bool> wait_for(Nanos timeout);

  /// Wakes the one that has waited longest; all of those that wait now. Nobody waiting: no effect,
  /// a notification is not stored.
  void notify_one();
  void notify_all();

  std::size_t waiting() const { return waiting_.size(); }

 private:
  struct Place {
    Timer timer;
    bool notified = false;
  };
  Loop& loop_;
  /// Those that wait, longest first; each on its own coroutine frame.
  std::list<Place*> waiting_;
};

}  // namespace conclave
