// Links over real sockets on this machine: several servers on one loop.

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>

#include "base/net/listener.h"
#include "base/net/repeats.h"
#include "base/run/clock.h"
#include "raft/net/message_codec.h"
#include "raft/net/peer_links.h"

namespace conclave::raft {
namespace {

using namespace std::chrono_literals;

std::uint16_t port_of(int descriptor) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  EXPECT_EQ(::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size), 0);
  return ntohs(address.sin_port);
}

/// Until `done`, which is to happen long before the deadline.
bool run_until(Loop& loop, const std::function<bool()>& done) {
  const Nanos deadline = system_clock().boot_now() + 60s;
  while (!done()) {
    if (system_clock().boot_now() > deadline) return false;
    loop.context().run_one_for(10ms);
    loop.run_ready();
  }
  return true;
}

PeerLinkOptions quick() {
  PeerLinkOptions options;
  options.silence_ms_max = 1'000;
  options.backoff_ms_min = 5;
  options.backoff_ms_max = 100;
  return options;
}

/// Registries outlive what is still closing when its server has gone.
Metrics& new_registry() {
  static std::vector<std::unique_ptr<Metrics>> registries;
  return *registries.emplace_back(std::make_unique<Metrics>());
}

/// One process of a server: its port and its links.
struct Server {
  Server(Loop& loop, const std::string& id, std::function<void(PeerIdentity&)> change = {},
         std::uint16_t at_port = 0, std::shared_ptr<TlsKeyring> keyring = nullptr) {
    const auto descriptor = listen_on("127.0.0.1", at_port, "ports.server");
    EXPECT_TRUE(descriptor) << descriptor.error().message;
    port = port_of(*descriptor);
    self.cluster_id.fill(1);
    self.node_id = {id};
    self.incarnation.fill(2);
    self.boot_counter = 1;
    self.run_id = port;
    self.address = address();
    if (change) change(self);
    links = std::make_unique<PeerLinks>(
        loop, self, quick(), keyring,
        [this](Message message) {
          received.push_back(std::move(message));
          if (on_message) on_message();
        },
        metrics);
    listener = std::make_unique<Listener>(
        loop, ListenerLimits{}, keyring,
        [this](std::shared_ptr<FramedStream> stream, const Hello& hello) {
          ++hellos;
          links->accept(std::move(stream), hello);
        },
        metrics);
    listener->serve(*descriptor);
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(port); }
  PeerAddress as_peer() const { return {self.node_id, address()}; }
  Message message(const Server& to, MessageBody body) const {
    return {.from = self.node_id, .to = to.self.node_id, .term = {1}, .body = std::move(body)};
  }
  std::string metric(const std::string& name) const {
    const std::string text = metrics.prometheus_text();
    const std::size_t at = text.find("\n" + name + " ");
    return at == std::string::npos ? "" : text.substr(at + name.size() + 2, 1);
  }

  Metrics& metrics = new_registry();
  PeerIdentity self;
  std::uint16_t port = 0;
  std::unique_ptr<PeerLinks> links;
  std::unique_ptr<Listener> listener;
  std::vector<Message> received;
  std::function<void()> on_message;
  int hellos = 0;
};

class Links : public testing::Test {
 protected:
  bool until(const std::function<bool()>& done) { return run_until(loop, done); }
  static void introduce(Server& a, Server& b) {
    a.links->set_peers({a.as_peer(), b.as_peer()});
    b.links->set_peers({a.as_peer(), b.as_peer()});
  }
  Loop loop{"links"};
};

AppendEntries entries(std::uint64_t first, std::size_t bytes) {
  return {{first - 1}, {1}, {{{1}, {first}, EntryKind::command, std::string(bytes, 'e')}}, {0}};
}

TEST_F(Links, carry_messages_both_ways_with_the_senders_incarnation) {
  Server a(loop, "a");
  Server b(loop, "b");
  introduce(a, b);
  a.links->send({a.message(b, RequestVote{{2}, {5}, {1}, true, 0})});
  b.links->send({b.message(a, Heartbeat{7, {3}})});
  ASSERT_TRUE(until([&] { return !a.received.empty() && !b.received.empty(); }));
  Message expected = a.message(b, RequestVote{{2}, {5}, {1}, true, 0});
  expected.incarnation.fill(2);
  EXPECT_EQ(b.received.at(0), expected);
  EXPECT_EQ(a.received.at(0).body, MessageBody(Heartbeat{7, {3}}));
}

TEST_F(Links, send_heartbeats_before_queued_entries) {
  Server a(loop, "a");
  Server b(loop, "b");
  std::vector<Message> messages;
  for (std::uint64_t i = 1; i <= 16; ++i) {
    messages.push_back(a.message(b, entries(i, 64 << 10)));
  }
  messages.push_back(a.message(b, Heartbeat{1, {}}));
  a.links->set_peers({a.as_peer(), b.as_peer()});
  a.links->send(std::move(messages));
  ASSERT_TRUE(until([&] { return b.received.size() == 17; }));
  EXPECT_TRUE(std::holds_alternative<Heartbeat>(b.received.front().body));
  for (std::uint64_t i = 1; i <= 16; ++i) {
    EXPECT_EQ(std::get<AppendEntries>(b.received.at(i).body).entries.at(0).index.value, i);
  }
}

TEST_F(Links, send_heartbeats_into_the_midst_of_a_long_queue) {
  Server a(loop, "a");
  Server b(loop, "b");
  introduce(a, b);
  std::vector<Message> messages;
  for (std::uint64_t i = 1; i <= 12; ++i) messages.push_back(a.message(b, entries(i, 1 << 20)));
  b.on_message = [&] {
    if (b.received.size() == 1) a.links->send({a.message(b, Heartbeat{1, {}})});
  };
  a.links->send(std::move(messages));
  ASSERT_TRUE(until([&] { return b.received.size() == 13; }));
  EXPECT_FALSE(std::holds_alternative<Heartbeat>(b.received.back().body));
}

TEST_F(Links, give_snapshots_a_connection_of_their_own) {
  Server a(loop, "a");
  Server b(loop, "b");
  introduce(a, b);
  ASSERT_TRUE(until([&] { return a.links->is_connected({"b"}) && b.links->is_connected({"a"}); }));
  EXPECT_EQ(b.hellos, 1);
  InstallSnapshot piece;
  piece.snapshot.id = "id";
  piece.chunk = std::string(1 << 20, 's');
  a.links->send({a.message(b, piece)});
  ASSERT_TRUE(until([&] { return b.received.size() == 1; }));
  EXPECT_EQ(b.received.at(0).body, MessageBody(piece));
  EXPECT_EQ(b.hellos, 2);
}

TEST_F(Links, reach_a_server_again_that_was_started_again) {
  Server a(loop, "a");
  auto b = std::make_unique<Server>(loop, "b");
  introduce(a, *b);
  ASSERT_TRUE(until([&] { return a.links->is_connected({"b"}); }));
  const std::uint16_t port = b->port;
  b.reset();
  ASSERT_TRUE(until([&] { return !a.links->is_connected({"b"}); }));
  a.links->send({{.from = {"a"}, .to = {"b"}, .term = {1}, .body = Heartbeat{1, {}}}});
  b = std::make_unique<Server>(
      loop, "b",
      [](PeerIdentity& self) {
        self.boot_counter = 2;
        self.run_id = 2;
      },
      port);
  b->links->set_peers({a.as_peer(), b->as_peer()});
  ASSERT_TRUE(until([&] { return !b->received.empty() && b->links->is_connected({"a"}); }));
}

TEST_F(Links, answer_servers_whose_address_they_learned_from_them) {
  Server a(loop, "a");
  Server b(loop, "b");
  a.links->set_peers({a.as_peer(), b.as_peer()});
  a.links->send({a.message(b, Heartbeat{1, {}})});
  ASSERT_TRUE(until([&] { return !b.received.empty(); }));
  b.links->send({b.message(a, HeartbeatReply{1})});
  ASSERT_TRUE(until([&] { return !a.received.empty(); }));
  Server stranger(loop, "c");
  b.links->send({b.message(stranger, HeartbeatReply{1})});
  EXPECT_EQ(b.metric("consul_raft_links_dropped"), "1");
}

TEST_F(Links, still_reach_servers_that_are_no_longer_configured) {
  Server a(loop, "a");
  Server b(loop, "b");
  a.links->set_peers({a.as_peer(), b.as_peer()});
  a.links->set_peers({a.as_peer()});
  a.links->send({a.message(b, Heartbeat{1, {}})});
  ASSERT_TRUE(until([&] { return !b.received.empty(); }));
}

TEST_F(Links, drop_the_oldest_entries_when_too_many_wait) {
  Server a(loop, "a");
  Server b(loop, "b");
  std::vector<Message> messages;
  for (std::uint64_t i = 1; i <= 20; ++i) messages.push_back(a.message(b, entries(i, 1 << 20)));
  a.links->set_peers({a.as_peer(), b.as_peer()});
  a.links->send(std::move(messages));
  EXPECT_EQ(a.metric("consul_raft_links_dropped"), "4");
  ASSERT_TRUE(until([&] { return b.received.size() == 16; }));
  EXPECT_EQ(std::get<AppendEntries>(b.received.at(0).body).entries.at(0).index.value, 5u);
}

TEST_F(Links, are_refused_to_servers_of_another_cluster) {
  Server a(loop, "a", [](PeerIdentity& self) { self.cluster_id.fill(9); });
  Server b(loop, "b");
  a.links->set_peers({a.as_peer(), b.as_peer()});
  a.links->send({a.message(b, Heartbeat{1, {}})});
  ASSERT_TRUE(until([&] { return b.hellos >= 3; }));
  EXPECT_TRUE(b.received.empty());
  EXPECT_FALSE(a.links->is_connected({"b"}));
  EXPECT_NE(a.metric("consul_raft_links_refused"), "0");
  EXPECT_NE(b.metric("consul_raft_links_refused"), "0");
}

TEST_F(Links, stay_with_the_first_of_two_processes_on_copies_of_one_directory) {
  Server a(loop, "a");
  Server b(loop, "b");
  introduce(a, b);
  ASSERT_TRUE(until([&] { return a.links->is_connected({"b"}) && b.links->is_connected({"a"}); }));
  Server copy(loop, "b", [](PeerIdentity& self) {
    self.boot_counter = 2;
    self.run_id = 77;
  });
  copy.links->set_peers({a.as_peer()});
  const int before = a.hellos;
  ASSERT_TRUE(until([&] { return a.hellos >= before + 4; }));
  EXPECT_FALSE(copy.links->is_connected({"a"}));
  b.links->send({b.message(a, HeartbeatReply{1})});
  ASSERT_TRUE(until([&] { return !a.received.empty(); }));
}

TEST_F(Links, of_a_member_outlive_a_wiped_server_under_its_name) {
  Server a(loop, "a");
  Server b(loop, "b");
  introduce(a, b);
  ASSERT_TRUE(until([&] { return a.links->is_connected({"b"}) && b.links->is_connected({"a"}); }));
  Server wiped(loop, "b", [](PeerIdentity& self) { self.incarnation.fill(3); });
  wiped.links->set_peers({a.as_peer()});
  wiped.links->send({wiped.message(a, HeartbeatReply{1})});
  ASSERT_TRUE(until([&] { return !a.received.empty(); }));
  EXPECT_EQ(a.received.at(0).incarnation, wiped.self.incarnation);
  EXPECT_TRUE(b.links->is_connected({"a"}));
}

TEST_F(Links, end_when_the_server_joins_another_cluster) {
  Server a(loop, "a");
  Server b(loop, "b");
  introduce(a, b);
  ASSERT_TRUE(until([&] { return a.links->is_connected({"b"}) && b.links->is_connected({"a"}); }));
  ClusterId other{};
  other.fill(9);
  b.links->set_cluster(other, 0);
  const int before = b.hellos;
  ASSERT_TRUE(until([&] { return b.hellos >= before + 2; }));
  EXPECT_FALSE(a.links->is_connected({"b"}));
  a.links->set_cluster(other, 0);
  ASSERT_TRUE(until([&] { return a.links->is_connected({"b"}) && b.links->is_connected({"a"}); }));
}

TEST_F(Links, deliver_nothing_after_their_end) {
  Server a(loop, "a");
  Server b(loop, "b");
  introduce(a, b);
  b.on_message = [&b] { b.links->stop(); };
  a.links->send({a.message(b, Heartbeat{1, {}}), a.message(b, Heartbeat{2, {}})});
  ASSERT_TRUE(until([&] { return !b.received.empty() && b.hellos >= 3; }));
  EXPECT_EQ(b.received.size(), 1u);
}

/// Accepts and welcomes, and then reads nothing.
class Mute {
 public:
  explicit Mute(Loop& loop)
      : listener_(
            loop, ListenerLimits{}, nullptr,
            [this, &loop](std::shared_ptr<FramedStream> stream, const Hello&) {
              held.push_back(stream);
              loop.spawn("welcome", welcome(stream));
            },
            metrics_) {
    const auto descriptor = listen_on("127.0.0.1", 0, "ports.server");
    // Small, so that it is soon full.
    const int bytes = 4096;
    ::setsockopt(*descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    address = "127.0.0.1:" + std::to_string(port_of(*descriptor));
    listener_.serve(*descriptor);
  }
  std::string address;
  std::vector<std::shared_ptr<FramedStream>> held;

 private:
  static Task<void> welcome(std::shared_ptr<FramedStream> stream) {
    const std::string bytes = encode_welcome("");
    EXPECT_TRUE(co_await stream->write(bytes));
  }
  Metrics& metrics_ = new_registry();
  Listener listener_;
};

TEST_F(Links, give_up_a_connection_on_which_nothing_drains) {
  Server a(loop, "a");
  Mute mute(loop);
  a.links->set_peers({{{"m"}, mute.address}});
  ASSERT_TRUE(until([&] { return a.links->is_connected({"m"}); }));
  std::vector<Message> messages;
  for (std::uint64_t i = 1; i <= 16; ++i) {
    messages.push_back({.from = {"a"}, .to = {"m"}, .term = {1}, .body = entries(i, 1 << 20)});
  }
  a.links->send(std::move(messages));
  EXPECT_TRUE(until([&] { return mute.held.size() >= 2; }));
}

TEST_F(Links, end_with_a_frame_that_was_meant_for_another) {
  Server a(loop, "a");
  Server b(loop, "b");
  introduce(a, b);
  ASSERT_TRUE(until([&] { return b.links->is_connected({"a"}); }));
  // The hello is a true one; the frame after it is sealed for another conversation.
  const int before = a.hellos;
  const PeerHello hello{.sender = b.self, .receiver = {"a"}};
  std::string bytes = encode_hello({Purpose::raft, encode_peer_hello(hello)});
  const std::size_t begin = begin_frame(bytes);
  append_message(bytes, b.message(a, HeartbeatReply{1}));
  seal_frame(bytes, begin, frame_seed(hello) + 1);
  const int client = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{.sin_family = AF_INET, .sin_port = htons(a.port), .sin_addr = {}, .sin_zero = {}};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::connect(client, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  ASSERT_EQ(::send(client, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  ASSERT_TRUE(until([&] { return a.hellos > before; }));
  std::string answer(100, '\0');
  ssize_t got = 0;
  ASSERT_TRUE(until([&] {
    const ssize_t size = ::recv(client, answer.data(), answer.size(), MSG_DONTWAIT);
    if (size > 0) got += size;
    return size == 0 || (size < 0 && errno != EAGAIN);
  }));
  EXPECT_EQ(got, static_cast<ssize_t>(encode_welcome("").size()));
  EXPECT_TRUE(a.received.empty());
  ::close(client);
}

TEST_F(Links, are_protected_by_the_clusters_key) {
  const auto keyring = [](const std::string& key) {
    return std::make_shared<TlsKeyring>(std::vector<std::string>{key});
  };
  Server a(loop, "a", {}, 0, keyring(std::string(16, 'k')));
  Server b(loop, "b", {}, 0, keyring(std::string(16, 'k')));
  Server wrong(loop, "c", {}, 0, keyring(std::string(16, 'w')));
  Server plain(loop, "d");
  const std::vector<PeerAddress> all = {a.as_peer(), b.as_peer(), wrong.as_peer(), plain.as_peer()};
  for (Server* server : {&a, &b, &wrong, &plain}) server->links->set_peers(all);
  std::vector<Message> messages;
  for (std::uint64_t i = 1; i <= 8; ++i) messages.push_back(a.message(b, entries(i, 100'000)));
  ASSERT_TRUE(until([&] { return a.links->is_connected({"b"}) && b.links->is_connected({"a"}); }));
  a.links->send(std::move(messages));
  ASSERT_TRUE(until([&] { return b.received.size() == 8; }));
  EXPECT_FALSE(a.links->is_connected({"c"}));
  EXPECT_FALSE(wrong.links->is_connected({"a"}));
  EXPECT_FALSE(a.links->is_connected({"d"}));
  EXPECT_FALSE(plain.links->is_connected({"a"}));
}

}  // namespace
}  // namespace conclave::raft
