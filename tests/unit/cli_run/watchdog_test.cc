// The protocol is sd_notify(3): datagrams to the socket that the environment names.

#include "cli/run/watchdog.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <string>

namespace conclave::cli {
namespace {

using namespace std::chrono_literals;

/// What systemd would hear.
class Listener {
 public:
  Listener() : path_("/tmp/conclave_watchdog_" + std::to_string(::getpid())) {
    socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    ::unlink(path_.c_str());
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ::setenv("NOTIFY_SOCKET", path_.c_str(), 1);
  }
  ~Listener() {
    ::unsetenv("NOTIFY_SOCKET");
    ::close(socket_);
    ::unlink(path_.c_str());
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// The next datagram, "" when there is none.
  std::string next() const {
    char bytes[256];
    const ssize_t size = ::recv(socket_, bytes, sizeof bytes, 0);
    return size > 0 ? std::string(bytes, static_cast<std::size_t>(size)) : "";
  }

 private:
  std::string path_;
  int socket_ = -1;
};

TEST(Watchdog, the_limit_is_what_systemd_says_to_this_process) {
  EXPECT_EQ(watchdog_limit(), 0s);
  ::setenv("WATCHDOG_USEC", "60000000", 1);
  ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
  EXPECT_EQ(watchdog_limit(), 60s);
  ::setenv("WATCHDOG_PID", "1", 1);
  EXPECT_EQ(watchdog_limit(), 0s);
  ::unsetenv("WATCHDOG_USEC");
  ::unsetenv("WATCHDOG_PID");
}

TEST(Watchdog, is_fed_while_all_loops_turn_and_not_when_one_hangs) {
  const Listener listener;
  Loop main("main");
  Loop other("other");
  bool ending = false;
  main.spawn("watchdog", feed_watchdog(main, {&main, &other}, 40ms, &ending));
  const auto turn = [&](bool other_too) {
    for (int round = 0; round < 10; ++round) {
      main.run_ready();
      if (other_too) other.run_ready();
      main.context().run_one_for(20ms);
    }
  };
  turn(false);
  EXPECT_EQ(listener.next(), "");
  turn(true);
  EXPECT_EQ(listener.next(), "WATCHDOG=1");
  ending = true;
  turn(true);
}

}  // namespace
}  // namespace conclave::cli
