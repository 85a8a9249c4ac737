// Connections that may notice an answer late, against real sockets on this machine.

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <thread>

#include "base/run/file.h"
#include "tests/tls_server/tls_server.h"
#include "tests/unit/base_net/visit.h"

namespace conclave {
namespace {

using namespace std::chrono_literals;

/// Accepts one visitor, hears "hi", and deals with it on a thread of its own.
class Host {
 public:
  explicit Host(std::function<void(int)> deal_with)
      : thread_([this, deal_with = std::move(deal_with)] {
          const Descriptor visitor(::accept(listening_.get(), nullptr, nullptr));
          char heard[2];
          EXPECT_EQ(::recv(visitor.get(), heard, sizeof heard, MSG_WAITALL), 2);
          deal_with(visitor.get());
        }) {}
  Visit visit() const { return {.port = ntohs(at_.sin_port), .to_send = "hi", .is_patient = true}; }

 private:
  sockaddr_in at_{};
  const Descriptor listening_ = [this] {
    Descriptor listening(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    socklen_t size = sizeof at_;
    at_.sin_family = AF_INET;
    at_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* address = reinterpret_cast<sockaddr*>(&at_);
    EXPECT_EQ(::bind(listening.get(), address, size), 0);
    EXPECT_EQ(::listen(listening.get(), 1), 0);
    EXPECT_EQ(::getsockname(listening.get(), address, &size), 0);
    return listening;
  }();
  std::jthread thread_;
};

TEST(PatientConnection, hears_what_is_said_at_once_and_what_is_said_late) {
  for (const Nanos late : {0ms, 30ms}) {
    const Host host([late](int visitor) {
      std::this_thread::sleep_for(late);
      EXPECT_EQ(::write(visitor, "one", 3), 3);
      std::this_thread::sleep_for(10ms);
      EXPECT_EQ(::write(visitor, "two", 3), 3);
    });
    const Outcome outcome = outcome_of(host.visit());
    EXPECT_EQ(outcome.error, "");
    EXPECT_EQ(outcome.received, "onetwo");
  }
}

TEST(PatientConnection, tells_that_it_was_cut_off) {
  const Host host([](int visitor) {
    const linger none{.l_onoff = 1, .l_linger = 0};
    EXPECT_EQ(::setsockopt(visitor, SOL_SOCKET, SO_LINGER, &none, sizeof none), 0);
  });
  const Visit visit = host.visit();
  EXPECT_EQ(outcome_of(visit).error,
            "read tcp 127.0.0.1:" + std::to_string(visit.port) + ": connection reset by peer");
}

TEST(PatientConnection, ends_at_the_deadline) {
  const TlsServer server({.manners = TlsManners::silent});
  for (const Nanos patience : {1ms, 50ms}) {
    const Outcome outcome = outcome_of(
        {.port = server.port(), .to_send = "hi", .patience = patience, .is_patient = true});
    EXPECT_TRUE(outcome.timed_out);
  }
}

}  // namespace
}  // namespace conclave
