#include "base/net/framed_stream.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <boost/asio/local/stream_protocol.hpp>

#include "tests/support/mistaken_loop.h"

namespace conclave {
namespace {

Task<void> read_mistaken(Loop* loop, int ends[2], std::optional<char>* first) {
  co_await mistake_next(*loop);
  StreamSocket socket(loop->executor(), boost::asio::local::stream_protocol(), ends[0]);
  const auto stream = FramedStream::create(*loop, std::move(socket));
  Timer timer(loop->executor());
  timer.expires_after(std::chrono::milliseconds{20});
  timer.async_wait(
      [end = ends[1]](boost::system::error_code) { EXPECT_EQ(::write(end, "C", 1), 1); });
  *first = co_await stream->first_byte();
  loop->stop();
}

TEST(FramedStream, waits_for_the_first_byte_even_if_the_loop_says_that_it_is_there) {
  Loop loop("test");
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  std::optional<char> first;
  loop.spawn("read", read_mistaken(&loop, ends, &first));
  loop.run();
  ::close(ends[1]);
  EXPECT_EQ(first, 'C');
}

}  // namespace
}  // namespace conclave
