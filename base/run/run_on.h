#pragma once

/// Running a task on another loop and coming back with its value.

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "base/run/loop.h"

namespace conclave {

template <class T>
Task<T> run_on(Executor executor, Task<T> task) {
  co_return co_await boost::asio::co_spawn(executor, std::move(task),
                                           boost::asio::use_awaitable_t<Executor>{});
}

/// Runs `task` on `other` and resumes the caller on its own loop. `task` must not have been awaited
/// before; everything it was given by value moves along, everything else must be safe to touch from
/// `other`. Both loops must run until it is done (or be destroyed together afterwards).
template <class T>
Task<T> run_on(Loop& other, Task<T> task) {
  return run_on(other.executor(), std::move(task));
}

}  // namespace conclave
