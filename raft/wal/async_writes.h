#pragma once

/// Writes past the page cache that no thread waits for: Linux' asynchronous I/O (io_submit(2)),
/// whose end an eventfd tells a loop. Compared with a thread that writes and is waited for, this
/// spares two changes of thread for each write, which at one client are a tenth of its latency.
///
/// A write is begun with RWF_NOWAIT, so that the loop never waits for a disk or a journal; what
/// cannot be done that way is not done at all, and the caller hands it to a thread. One write at a
/// time. All members belong to the loop's thread.

#include <linux/aio_abi.h>

#include <array>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "base/run/loop.h"

namespace conclave::raft {

class AsyncWrites {
 public:
  /// Null where the system offers no such thing (an old kernel, a sandbox, aio-max-nr).
  static std::unique_ptr<AsyncWrites> create(Loop& loop);
  /// Waits until a write under way has ended, and calls nobody.
  ~AsyncWrites();
  AsyncWrites(const AsyncWrites&) = delete;
  AsyncWrites& operator=(const AsyncWrites&) = delete;

  /// Of bytes in whole blocks, aligned, that stay where they are until `ended` is called: with the
  /// number of bytes written (durably, if the file was opened with O_DSYNC), or a negative error
  /// number; -EAGAIN and -EOPNOTSUPP say that a thread has to do it. False: that is known at once.
  bool begin(int file, std::uint64_t offset, std::string_view bytes,
             std::function<void(std::int64_t)> ended);

 private:
  AsyncWrites(Loop& loop, aio_context_t context, int event);
  void wait_for_event();
  void take_event();

  aio_context_t context_;
  boost::asio::posix::basic_stream_descriptor<Executor> event_;
  std::uint64_t events_ = 0;  ///< What reading the eventfd gives.
  std::function<void(std::int64_t)> ended_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace conclave::raft
