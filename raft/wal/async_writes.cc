#include "raft/wal/async_writes.h"

#include <linux/fs.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <cstddef>
#include <utility>

#include "base/core/assert.h"

namespace conclave::raft {

std::unique_ptr<AsyncWrites> AsyncWrites::create(Loop& loop) {
  aio_context_t context = 0;
  if (::syscall(SYS_io_setup, 1, &context) != 0) return nullptr;
  const int event = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (event < 0) {
    ::syscall(SYS_io_destroy, context);
    return nullptr;
  }
  return std::unique_ptr<AsyncWrites>(new AsyncWrites(loop, context, event));
}

AsyncWrites::AsyncWrites(Loop& loop, aio_context_t context, int event)
    : context_(context), event_(loop.executor(), event) {
  wait_for_event();
}

AsyncWrites::~AsyncWrites() {
  *alive_ = false;
  ::syscall(SYS_io_destroy, context_);
}

bool AsyncWrites::begin(int file, std::uint64_t offset, std::string_view bytes,
                        std::function<void(std::int64_t)> ended) {
  CONCLAVE_ASSERT_WHY(ended_ == nullptr, "one write at a time");
  iocb write{};
  write.aio_lio_opcode = IOCB_CMD_PWRITE;
  write.aio_fildes = static_cast<std::uint32_t>(file);
  write.aio_buf = reinterpret_cast<std::uintptr_t>(bytes.data());
  write.aio_nbytes = bytes.size();
  write.aio_offset = static_cast<std::int64_t>(offset);
  write.aio_rw_flags = RWF_NOWAIT;
  write.aio_flags = IOCB_FLAG_RESFD;
  write.aio_resfd = static_cast<std::uint32_t>(event_.native_handle());
  std::array<iocb*, 1> writes{&write};
  if (::syscall(SYS_io_submit, context_, writes.size(), writes.data()) != 1) return false;
  ended_ = std::move(ended);
  return true;
}

void AsyncWrites::wait_for_event() {
  event_.async_read_some(
      boost::asio::buffer(&events_, sizeof events_),
      [this, alive = alive_](const boost::system::error_code& error, std::size_t) {
        if (error || !*alive) return;
        take_event();
        if (*alive) wait_for_event();
      });
}

void AsyncWrites::take_event() {
  io_event event{};
  timespec at_once{};
  if (::syscall(SYS_io_getevents, context_, 0, 1, &event, &at_once) != 1) return;
  const auto ended = std::exchange(ended_, nullptr);
  ended(event.res);
}

}  // namespace conclave::raft
