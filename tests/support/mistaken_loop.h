#pragma once

/// A loop that tells a descriptor what was meant for another one.

#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <utility>

#include "base/run/loop.h"

namespace conclave {

/// The next descriptor that this loop is given after this, in the same turn, is told at once that
/// it is readable, which it need not be. That is Asio's way: of two descriptors that became
/// readable together the first one's handler may close the second and open a third, which takes
/// over its record in the loop and the event that is noted there.
inline Task<void> mistake_next(Loop& loop) {
  using Pipe = boost::asio::posix::basic_stream_descriptor<Executor>;
  int first[2];
  int second[2];
  if (::pipe(first) != 0 || ::pipe(second) != 0) std::abort();
  Pipe one(loop.executor(), first[0]);
  Pipe other(loop.executor(), second[0]);
  if (::write(first[1], "x", 1) != 1 || ::write(second[1], "x", 1) != 1) std::abort();
  [[maybe_unused]] const auto [error] = co_await one.async_wait(Pipe::wait_read, as_result);
  one.close();
  other.close();
  ::close(first[1]);
  ::close(second[1]);
}

}  // namespace conclave
