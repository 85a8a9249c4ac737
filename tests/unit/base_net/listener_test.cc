// Hellos, refusals and keys over real sockets on this machine.

#include "base/net/listener.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <optional>

#include "base/net/address.h"
#include "base/net/connection.h"
#include "base/net/dial.h"
#include "base/net/repeats.h"
#include "base/run/clock.h"

namespace conclave {
namespace {

using namespace std::chrono_literals;

using Keys = std::vector<std::string>;
const std::string one_key(16, '1');
const std::string other_key(32, '2');

std::shared_ptr<TlsKeyring> keyring(Keys keys) {
  return keys.empty() ? nullptr : std::make_shared<TlsKeyring>(std::move(keys));
}

class Port : public testing::Test {
 protected:
  void start(Keys keys = {}, ListenerLimits limits = {}) {
    server_keys = keyring(std::move(keys));
    listener = std::make_unique<Listener>(
        loop, limits, server_keys,
        [this](std::shared_ptr<FramedStream> stream, Hello hello) {
          hellos.push_back(std::move(hello));
          streams.push_back(stream);
          loop.spawn("answer", answer(std::move(stream)));
        },
        metrics);
    const auto descriptor = listen_on("127.0.0.1", 0, "ports.server");
    ASSERT_TRUE(descriptor);
    sockaddr_in at{};
    socklen_t size = sizeof at;
    ::getsockname(*descriptor, reinterpret_cast<sockaddr*>(&at), &size);
    port = ntohs(at.sin_port);
    listener->serve(*descriptor);
  }
  static Task<void> answer(std::shared_ptr<FramedStream> stream) {
    const std::string bytes = encode_welcome("welcome");
    EXPECT_TRUE(co_await stream->write(bytes));
  }

  bool until(const std::function<bool()>& done) {
    const Nanos deadline = system_clock().boot_now() + 60s;
    while (!done()) {
      if (system_clock().boot_now() > deadline) return false;
      loop.context().run_one_for(10ms);
      loop.run_ready();
    }
    return true;
  }

  static Task<void> dial_into(Loop* loop, DialWish wish, std::optional<Result<Dialled>>* out) {
    *out = co_await dial(*loop, std::move(wish));
  }
  Result<Dialled> dialled(Keys keys = {}, Nanos timeout = 10s) {
    std::optional<Result<Dialled>> result;
    DialWish wish{.address = "127.0.0.1:" + std::to_string(port),
                  .hello = {Purpose::rpc, "details"},
                  .timeout = timeout,
                  .keyring = keyring(std::move(keys))};
    loop.spawn("dial", dial_into(&loop, std::move(wish), &result));
    EXPECT_TRUE(until([&] { return result.has_value(); }));
    return *result;
  }
  std::string failure(Keys keys) {
    const auto result = dialled(std::move(keys));
    return result ? (result->answer.refusal ? result->answer.refusal->sentence : "")
                  : result.error().message.substr(result.error().message.find(": ") + 2);
  }
  /// A plain socket of a stranger.
  int stranger() const {
    const int descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in to{.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {}, .sin_zero = {}};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(descriptor, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    return descriptor;
  }
  /// What a stranger gets until the connection ends.
  std::string heard_by(int descriptor) {
    std::string all;
    EXPECT_TRUE(until([&] {
      char bytes[256];
      const ssize_t size = ::recv(descriptor, bytes, sizeof bytes, MSG_DONTWAIT);
      if (size > 0) all.append(bytes, static_cast<std::size_t>(size));
      return size == 0 || (size < 0 && errno != EAGAIN);
    }));
    ::close(descriptor);
    return all;
  }

  Metrics metrics;
  Loop loop{"port"};
  std::shared_ptr<TlsKeyring> server_keys;
  std::unique_ptr<Listener> listener;
  std::vector<Hello> hellos;
  std::vector<std::shared_ptr<FramedStream>> streams;
  std::uint16_t port = 0;
};

TEST_F(Port, hands_on_who_says_hello) {
  start();
  const auto result = dialled();
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_FALSE(result->answer.refusal);
  EXPECT_EQ(result->answer.details, "welcome");
  EXPECT_EQ(hellos, (std::vector<Hello>{{Purpose::rpc, "details"}}));
  EXPECT_EQ(listener->open_connections(), 1u);
  result->stream->close();
  streams.at(0)->close();
  EXPECT_EQ(listener->open_connections(), 0u);
}

TEST_F(Port, with_a_key_lets_in_who_has_it) {
  start({one_key});
  const auto result = dialled({one_key});
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->answer.details, "welcome");
}

TEST_F(Port, tells_apart_who_lacks_which_key) {
  start({one_key});
  EXPECT_EQ(failure({other_key}),
            "the other side does not accept our `encrypt` key: it has another");
  EXPECT_EQ(failure({}), "this cluster has `encrypt` set, and the connection is in the clear");
  EXPECT_TRUE(hellos.empty());
}

TEST_F(Port, without_a_key_says_so_to_who_has_one) {
  start();
  EXPECT_EQ(failure({one_key}),
            "the other side does not have `encrypt` set, and this one has: both must have the same "
            "key");
  EXPECT_TRUE(hellos.empty());
}

TEST_F(Port, accepts_every_key_of_its_ring_and_stops_when_one_is_removed) {
  start({one_key, other_key});
  EXPECT_EQ(failure({one_key}), "");
  EXPECT_EQ(failure({other_key}), "");
  server_keys->set_keys({other_key});
  EXPECT_NE(failure({one_key}), "");
  EXPECT_EQ(failure({other_key}), "");
}

TEST_F(Port, tries_its_other_keys_where_the_one_in_use_is_not_known_yet) {
  const std::string third_key(24, '3');
  start({one_key});
  EXPECT_EQ(failure({other_key, third_key, one_key}), "");
  EXPECT_EQ(hellos.size(), 1u);
  EXPECT_EQ(failure({other_key, third_key}),
            "the other side does not accept our `encrypt` key: it has another");
}

TEST_F(Port, answers_strangers_and_closes) {
  start();
  const int web = stranger();
  const std::string_view request = "GET / HTTP/1.1\r\n\r\n";
  ASSERT_EQ(::send(web, request.data(), request.size(), 0), 18);
  EXPECT_NE(heard_by(web).find("speaks Conclave's protocol"), std::string::npos);
  const int later = stranger();
  ASSERT_EQ(::send(later, "CNCLVE\x09\x03", 8, 0), 8);
  EXPECT_NE(heard_by(later).find("version 9 of the protocol"), std::string::npos);
  const int damaged = stranger();
  std::string hello = encode_hello({Purpose::rpc, "details"});
  hello.back() = static_cast<char>(hello.back() ^ 1);
  ASSERT_GT(::send(damaged, hello.data(), hello.size(), 0), 0);
  EXPECT_NE(heard_by(damaged).find("wrong checksum"), std::string::npos);
  EXPECT_TRUE(hellos.empty());
  EXPECT_TRUE(until([&] { return listener->open_connections() == 0; }));
}

TEST_F(Port, does_not_wait_for_the_silent) {
  start({}, {.hello_timeout_ms = 50});
  const int silent = stranger();
  EXPECT_EQ(heard_by(silent), "");
  const int halting = stranger();
  ASSERT_EQ(::send(halting, "CNCLVE", 6, 0), 6);
  EXPECT_EQ(heard_by(halting), "");
  start({one_key}, {.hello_timeout_ms = 50});
  const int in_handshake = stranger();
  ASSERT_EQ(::send(in_handshake, "\x16\x03\x01", 3, 0), 3);
  EXPECT_EQ(heard_by(in_handshake), "");
}

TEST_F(Port, limits_connections_of_one_address) {
  start({}, {.connections_per_address_max = 2});
  const int first = stranger();
  const int second = stranger();
  ASSERT_TRUE(until([&] { return listener->open_connections() == 2; }));
  EXPECT_EQ(heard_by(stranger()), "");
  ::close(first);
  ASSERT_TRUE(until([&] { return listener->open_connections() == 1; }));
  EXPECT_TRUE(dialled());
  ::close(second);
}

TEST_F(Port, accepts_again_when_descriptors_are_free_again) {
  start();
  const int waiting = stranger();
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const int next = ::dup(waiting);
  ::close(next);
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(next);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
  for (int i = 0; i < 3; ++i) loop.context().run_one_for(10ms);
  EXPECT_EQ(listener->open_connections(), 0u);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(until([&] { return listener->open_connections() == 1; }));
  ::close(waiting);
}

TEST_F(Port, that_is_taken_is_named_with_what_to_do) {
  start();
  const auto again = listen_on("127.0.0.1", port, "ports.server");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().message,
            "listen tcp 127.0.0.1:" + std::to_string(port) +
                ": bind: address already in use: another process listens there; choose another "
                "port with ports.server");
  EXPECT_EQ(listen_on("localhost", 1, "x").error().code, ErrorCode::bad_request);
}

TEST(EncryptKey, is_base64_of_16_24_or_32_bytes) {
  EXPECT_EQ(decode_encrypt_key("MTIzNDU2Nzg5MDEyMzQ1Ng=="), "1234567890123456");
  EXPECT_EQ(decode_encrypt_key("MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI="),
            "12345678901234567890123456789012");
  EXPECT_EQ(decode_encrypt_key("not base64!").error().message,
            "Invalid encryption key: it is not base64");
  EXPECT_FALSE(decode_encrypt_key("c2hvcnQ="));
  EXPECT_FALSE(decode_encrypt_key(""));
}

TEST(HostPort, is_a_host_and_a_port) {
  EXPECT_EQ(parse_host_port("10.0.0.1:8300"), (HostPort{"10.0.0.1", 8300}));
  EXPECT_EQ(parse_host_port("node.example:1"), (HostPort{"node.example", 1}));
  EXPECT_EQ(parse_host_port("[::1]:8300"), (HostPort{"::1", 8300}));
  for (const char* text : {"", "host", "host:", ":8300", "host:0", "host:65536", "host:x", "::1:80",
                           "[host]:80", "[]:80"}) {
    EXPECT_FALSE(parse_host_port(text)) << text;
  }
}

TEST(Repeats, are_silent_for_a_minute) {
  Repeats repeats;
  EXPECT_TRUE(repeats.is_new("a", 10s));
  EXPECT_FALSE(repeats.is_new("a", 69s));
  EXPECT_TRUE(repeats.is_new("b", 69s));
  EXPECT_TRUE(repeats.is_new("a", 70s));
  for (int i = 0; i < 254; ++i) EXPECT_TRUE(repeats.is_new(std::to_string(i), 71s));
  EXPECT_FALSE(repeats.is_new("one too many", 71s));
  EXPECT_TRUE(repeats.is_new("one too many", 131s));
}

}  // namespace
}  // namespace conclave
