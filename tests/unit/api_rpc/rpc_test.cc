// Calls over real sockets on this machine: client and server on one loop.

#include "api/rpc/rpc.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <functional>
#include <optional>

#include "api/rpc/bodies.h"
#include "api/rpc/rpc_client.h"
#include "api/rpc/rpc_server.h"
#include "base/net/connection.h"
#include "base/net/listener.h"
#include "base/run/clock.h"
#include "base/run/waiter.h"

namespace conclave::api {
namespace {

using namespace std::chrono_literals;

std::uint16_t port_of(int descriptor) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  EXPECT_EQ(::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size), 0);
  return ntohs(address.sin_port);
}

bool run_until(Loop& loop, const std::function<bool()>& done) {
  const Nanos deadline = system_clock().boot_now() + 60s;
  while (!done()) {
    if (system_clock().boot_now() > deadline) return false;
    loop.context().run_one_for(10ms);
    loop.run_ready();
  }
  return true;
}

RpcIdentity node(std::string name) {
  RpcIdentity made{.node_id = "id-" + name, .name = std::move(name), .datacenter = "dc1"};
  made.cluster_id.fill(1);
  made.is_server = true;
  return made;
}

using Answer = std::optional<Result<std::string>>;

Task<void> call_into(Rpc* rpc, std::string address, RpcMethod method, std::string body,
                     Nanos timeout, std::shared_ptr<Answer> out,
                     std::vector<std::shared_ptr<Answer>>* ended) {
  *out = co_await rpc->call(std::move(address), method, std::move(body), timeout);
  ended->push_back(out);
}

Task<Result<std::string>> echo(RpcPeer peer, std::string body) {
  if (body == "who") body = peer.node_id + " " + peer.name;
  if (body == "fail") co_return fail(ErrorCode::no_leader, "No cluster leader");
  co_return body;
}

/// Answers once somebody says so.
struct Gate {
  explicit Gate(Loop& loop) : opened(loop) {}
  Waiter opened;
  int waiting = 0;
  int passed = 0;
  bool is_open = false;

  static Task<Result<std::string>> pass(Gate* gate, std::string body) {
    ++gate->waiting;
    while (!gate->is_open) co_await gate->opened.wait_for(1h);
    ++gate->passed;
    co_return body;
  }
  void open() {
    is_open = true;
    opened.notify_all();
  }
};

class Calls : public testing::Test {
 protected:
  Calls() { options.silence_ms_max = 2'000; }

  void start() {
    server = std::make_unique<RpcServer>(
        loop, options, [this] { return server_self; },
        [this](const RpcIdentity& other) { met_by_server.push_back(other.name); }, metrics);
    server->add(RpcMethod::propose, [](RpcPeer peer, std::string body) {
      return echo(std::move(peer), std::move(body));
    });
    server->add(RpcMethod::introduce, [this](const RpcPeer&, std::string body) {
      return Gate::pass(&gate, std::move(body));
    });
    listener = std::make_unique<Listener>(
        loop, ListenerLimits{}, server_keys,
        [this](std::shared_ptr<FramedStream> stream, const Hello& hello) {
          ++connections;
          if (is_deaf) {
            deaf.push_back(std::move(stream));
          } else {
            server->accept(std::move(stream), hello);
          }
        },
        metrics);
    const auto descriptor = listen_on("127.0.0.1", 0, "ports.server");
    ASSERT_TRUE(descriptor);
    address = "127.0.0.1:" + std::to_string(port_of(*descriptor));
    listener->serve(*descriptor);
    client = std::make_unique<RpcClient>(
        loop, options, [this] { return client_self; },
        [this](const RpcIdentity& other) { met_by_client.push_back(other.name); }, client_keys,
        metrics);
  }

  std::shared_ptr<Answer> begin(std::string body, RpcMethod method = RpcMethod::propose,
                                Nanos timeout = 60s) {
    auto answer = std::make_shared<Answer>();
    loop.spawn("call",
               call_into(client.get(), address, method, std::move(body), timeout, answer, &ended));
    return answer;
  }
  Result<std::string> call(std::string body, RpcMethod method = RpcMethod::propose,
                           Nanos timeout = 60s) {
    const auto answer = begin(std::move(body), method, timeout);
    if (!run_until(loop, [&] { return answer->has_value(); })) {
      return fail(ErrorCode::failed, "the call did not end");
    }
    return **answer;
  }
  bool until(const std::function<bool()>& done) { return run_until(loop, done); }

  RpcOptions options;
  Metrics metrics;
  Loop loop{"rpc"};
  RpcIdentity client_self = node("client");
  RpcIdentity server_self = node("server");
  std::shared_ptr<TlsKeyring> server_keys;
  std::shared_ptr<TlsKeyring> client_keys;
  std::vector<std::string> met_by_server;
  std::vector<std::string> met_by_client;
  Gate gate{loop};
  std::vector<std::shared_ptr<Answer>> ended;  ///< In the order of their ends.
  int connections = 0;
  bool is_deaf = false;
  std::vector<std::shared_ptr<FramedStream>> deaf;
  std::unique_ptr<RpcServer> server;
  std::unique_ptr<Listener> listener;
  std::unique_ptr<RpcClient> client;
  std::string address;
};

TEST_F(Calls, are_answered_over_one_connection) {
  start();
  EXPECT_EQ(call("hello"), "hello");
  EXPECT_EQ(call("who"), "id-client client");
  EXPECT_EQ(call(""), "");
  EXPECT_EQ(connections, 1);
  EXPECT_EQ(met_by_server, std::vector<std::string>{"client"});
  EXPECT_EQ(met_by_client, std::vector<std::string>{"server"});
}

TEST_F(Calls, keep_code_and_sentence_of_errors) {
  start();
  EXPECT_EQ(call("fail").error(), (Error{ErrorCode::no_leader, "No cluster leader"}));
  EXPECT_EQ(call("x", RpcMethod::snapshot_file).error(),
            (Error{ErrorCode::not_found, "method 9 is not answered here"}));
}

TEST_F(Calls, do_not_wait_for_each_other) {
  start();
  std::vector<std::shared_ptr<Answer>> waiting;
  for (int i = 0; i < 100; ++i) {
    waiting.push_back(begin(std::to_string(i), RpcMethod::introduce));
  }
  ASSERT_TRUE(until([&] { return gate.waiting == 100; }));
  EXPECT_EQ(call("meanwhile"), "meanwhile");
  gate.open();
  ASSERT_TRUE(until([&] { return waiting.back()->has_value(); }));
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(**waiting[static_cast<std::size_t>(i)], std::to_string(i));
}

TEST_F(Calls, carry_large_bodies_and_let_small_ones_pass) {
  start();
  std::string large(20 << 20, '\0');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 31 >> 7);
  const auto slow = begin(large);
  const auto quick = begin("quick");
  ASSERT_TRUE(until([&] { return ended.size() == 2; }));
  EXPECT_EQ(ended.front(), quick);
  EXPECT_TRUE(**slow == large);
}

TEST_F(Calls, over_the_limits_are_refused_before_they_are_sent) {
  options.body_bytes_max = 1000;
  options.calls_max = 3;
  start();
  EXPECT_EQ(call(std::string(1001, 'x')).error().code, ErrorCode::too_large);
  std::vector<std::shared_ptr<Answer>> waiting;
  for (int i = 0; i < 3; ++i) waiting.push_back(begin("x", RpcMethod::introduce));
  EXPECT_EQ(call("one too many").error().code, ErrorCode::too_many);
  gate.open();
  ASSERT_TRUE(until([&] { return waiting.back()->has_value(); }));
  EXPECT_EQ(call("now there is room"), "now there is room");
}

TEST_F(Calls, end_when_their_time_is_up) {
  start();
  EXPECT_EQ(call("x"), "x");
  const auto late = call("x", RpcMethod::introduce, 50ms);
  EXPECT_EQ(late.error(), (Error{ErrorCode::unknown_outcome,
                                 "rpc error calling " + address + ": no answer within 50 ms"}));
  gate.open();
  ASSERT_TRUE(until([&] { return gate.passed == 1; }));
  EXPECT_EQ(call("the connection is still good"), "the connection is still good");
  EXPECT_EQ(connections, 1);
}

TEST_F(Calls, to_nobody_have_not_been_carried_out) {
  start();
  listener->stop();
  address = "127.0.0.1:1";
  const auto answer = call("x");
  EXPECT_EQ(answer.error(), (Error{ErrorCode::io,
                                   "rpc error calling 127.0.0.1:1: dial tcp 127.0.0.1:1: connect: "
                                   "connection refused"}));
  address = "nonsense";
  EXPECT_EQ(call("x").error().code, ErrorCode::io);
}

TEST_F(Calls, have_an_unknown_outcome_when_the_connection_ends) {
  start();
  const auto answer = begin("x", RpcMethod::introduce);
  ASSERT_TRUE(until([&] { return gate.waiting == 1; }));
  server->stop();
  ASSERT_TRUE(until([&] { return answer->has_value(); }));
  EXPECT_EQ((*answer)->error().code, ErrorCode::unknown_outcome);
  const auto refused = call("x");
  EXPECT_EQ(refused.error().code, ErrorCode::io);
  EXPECT_EQ(refused.error().message, "rpc error calling " + address + ": this node is stopping");
  gate.open();
  ASSERT_TRUE(until([&] { return gate.passed == 1; }));
}

TEST_F(Calls, fail_when_the_other_side_falls_silent) {
  options.silence_ms_max = 200;
  options.dial_timeout_ms = 300;
  start();
  EXPECT_EQ(call("x"), "x");
  is_deaf = true;
  address = "localhost" + address.substr(address.find(':'));
  const auto answer = call("x");
  EXPECT_EQ(answer.error().code, ErrorCode::io);
  EXPECT_NE(answer.error().message.find("i/o timeout"), std::string::npos);
}

/// Welcomes its caller and says no more.
Task<void> welcome_only(std::shared_ptr<FramedStream> stream, RpcIdentity self) {
  const std::string bytes = encode_welcome(encode_rpc_identity(self));
  EXPECT_TRUE(co_await stream->write(bytes));
}

TEST_F(Calls, fail_when_nothing_comes_any_more) {
  options.silence_ms_max = 200;
  is_deaf = true;
  start();
  const auto answer = begin("x");
  ASSERT_TRUE(until([&] { return deaf.size() == 1; }));
  loop.spawn("welcome", welcome_only(deaf[0], server_self));
  ASSERT_TRUE(until([&] { return answer->has_value(); }));
  EXPECT_EQ((*answer)->error(),
            (Error{ErrorCode::unknown_outcome, "rpc error calling " + address + ": " + address +
                                                   ": it said nothing for 200 ms"}));
}

TEST_F(Calls, leave_no_idle_connections) {
  options.silence_ms_max = 200;
  options.idle_ms_max = 100;
  start();
  EXPECT_EQ(call("x"), "x");
  EXPECT_EQ(server->open_connections(), 1u);
  ASSERT_TRUE(until([&] { return server->open_connections() == 0; }));
  EXPECT_EQ(call("y"), "y");
  EXPECT_EQ(connections, 2);
}

TEST_F(Calls, are_refused_between_clusters_and_datacenters_in_plain_words) {
  start();
  client_self.cluster_id.fill(2);
  EXPECT_EQ(call("x").error().code, ErrorCode::io);
  EXPECT_NE(call("x").error().message.find("to change cluster, move the data directory away"),
            std::string::npos);
  client_self = node("client");
  client_self.datacenter = "dc2";
  EXPECT_NE(call("x").error().message.find("joining several datacenters is not possible"),
            std::string::npos);
  client_self = node("client");
  EXPECT_EQ(call("x"), "x");
}

/// A caller that sends requests for large replies and reads none of them.
Task<void> ask_and_not_read(Loop* loop, std::string address, RpcIdentity self, int* asked,
                            std::shared_ptr<FramedStream>* out) {
  const auto colon = address.find(':');
  const auto connection = Connection::create(*loop, system_clock().boot_now() + 10s);
  const auto port = static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1)));
  EXPECT_TRUE(co_await connection->dial_tcp("127.0.0.1", port));
  const auto stream = FramedStream::create(*loop, connection->take_socket());
  *out = stream;
  const std::string hello = encode_hello({Purpose::rpc, encode_rpc_identity(self)});
  EXPECT_TRUE(co_await stream->write(hello));
  const Result<std::string_view> welcome = co_await stream->read_frame();
  EXPECT_TRUE(welcome);
  for (std::uint64_t id = 1;; ++id) {
    Outbox outbox;
    outbox.push({.kind = RpcFrameKind::call, .id = id, .method = RpcMethod::propose},
                std::string(250'000, 'x'));
    std::string bytes;
    outbox.fill(bytes);
    const Result<void> sent = co_await stream->write(bytes);
    if (!sent) co_return;
    ++*asked;
  }
}

TEST_F(Calls, of_who_does_not_read_are_bounded) {
  options.silence_ms_max = 300;
  options.unread_bytes_max = 1 << 20;
  start();
  int asked = 0;
  std::shared_ptr<FramedStream> stream;
  loop.spawn("ask", ask_and_not_read(&loop, address, client_self, &asked, &stream));
  // It is cut off in the end; until then, no more was read than could be answered.
  ASSERT_TRUE(until([&] { return stream != nullptr && server->open_connections() == 1; }));
  ASSERT_TRUE(until([&] { return server->open_connections() == 0; }));
  EXPECT_LT(asked, 200);
  stream->close();
}

TEST_F(Calls, are_protected_by_the_clusters_key) {
  const std::string old_key(16, 'o');
  const std::string new_key(32, 'n');
  server_keys = std::make_shared<TlsKeyring>(std::vector{new_key, old_key});
  client_keys = std::make_shared<TlsKeyring>(std::vector{old_key});
  start();
  EXPECT_EQ(call("with the old key"), "with the old key");
  const std::string large(3 << 20, 'x');
  EXPECT_TRUE(call(large) == large);
}

}  // namespace
}  // namespace conclave::api
