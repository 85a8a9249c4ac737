// UDP checks: contract 7.3, against real sockets.

#include <gtest/gtest.h>

#include <array>
#include <boost/asio/ip/udp.hpp>
#include <string>
#include <vector>

#include "agent/checks/udp_check.h"
#include "tests/unit/agent_checks/target.h"

namespace conclave::agent {
namespace {

using namespace std::chrono_literals;
using Udp = boost::asio::ip::udp;

class UdpProbes : public testing::Test {
 protected:
  CheckResult probe(std::string target, Nanos timeout = 5s) {
    api::CheckDefinition check;
    check.udp = std::move(target);
    check.timeout = timeout;
    return result_of(loop, probe_udp(loop, check));
  }
  std::string target() const {
    return "127.0.0.1:" + std::to_string(socket.local_endpoint().port());
  }
  /// Answers every datagram with `answer`; keeps how long each was.
  void answer_with(std::string answer) {
    loop.spawn("echo", echo(&socket, std::move(answer), &sizes));
  }
  using Socket = boost::asio::basic_datagram_socket<Udp, Executor>;
  static Task<void> echo(Socket* socket, std::string answer, std::vector<std::size_t>* sizes) {
    for (;;) {
      std::array<char, 64> bytes{};
      Udp::endpoint from;
      const auto [error, size] =
          co_await socket->async_receive_from(boost::asio::buffer(bytes), from, as_result);
      if (error) co_return;
      sizes->push_back(size);
      co_await socket->async_send_to(boost::asio::buffer(answer), from, as_result);
    }
  }

  Loop loop{"agent"};
  std::vector<std::size_t> sizes;
  Socket socket{loop.executor(), Udp::endpoint(boost::asio::ip::address_v4::loopback(), 0)};
};

TEST_F(UdpProbes, an_answer_passes) {
  for (const char* answer : {"", "a", "more than one byte"}) {
    answer_with(answer);
    const CheckResult result = probe(target());
    EXPECT_EQ(result.status, CheckStatus::passing);
    EXPECT_EQ(result.output, "UDP connect " + target() + ": Success");
    boost::system::error_code ignored;
    socket.cancel(ignored);
    loop.run_ready();
  }
  EXPECT_EQ(sizes, (std::vector<std::size_t>{0, 0, 0}));
}

TEST_F(UdpProbes, silence_passes_after_the_timeout) {
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(probe(target(), 100ms).output, "UDP connect " + target() + ": Success");
  EXPECT_GE(std::chrono::steady_clock::now() - begun, 100ms);
}

TEST_F(UdpProbes, nobody_there_is_critical) {
  const std::string there = target();
  socket.close();
  const CheckResult result = probe(there);
  EXPECT_EQ(result.status, CheckStatus::critical);
  EXPECT_EQ(result.output, "read udp " + there + ": read: connection refused");
}

TEST_F(UdpProbes, names_are_looked_up) {
  const std::string port = target().substr(9);
  EXPECT_EQ(probe("localhost" + port, 100ms).status, CheckStatus::passing);
  const CheckResult result = probe("a..b:1");
  EXPECT_EQ(result.status, CheckStatus::critical);
  EXPECT_EQ(result.output, "dial udp: lookup a..b: no such host");
  EXPECT_EQ(probe("localhost").output, "dial udp: address localhost: missing port in address");
}

}  // namespace
}  // namespace conclave::agent
