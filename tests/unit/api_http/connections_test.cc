/// What happens to connections: limits, time, parking, streams, shutdown.

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/unit/api_http/test_server.h"

namespace conclave::api {
namespace {

HttpLimits quick() {
  HttpLimits limits;
  limits.header_timeout_ms = 100;
  limits.body_timeout_ms = 100;
  limits.write_timeout_ms = 100;
  return limits;
}

class Pieces final : public BodyStream {
 public:
  Pieces(std::vector<std::string> pieces, std::optional<std::uint64_t> length)
      : pieces_(std::move(pieces)), length_(length) {}
  Task<std::string> next() override {
    if (at_ == pieces_.size()) co_return std::string();
    co_return pieces_[at_++];
  }
  std::optional<std::uint64_t> length() const override { return length_; }

 private:
  std::vector<std::string> pieces_;
  std::optional<std::uint64_t> length_;
  std::size_t at_ = 0;
};

Answer streaming(std::vector<std::string> pieces, std::optional<std::uint64_t> length) {
  return [pieces, length](Request) {
    const auto make = [](Response response) -> Task<Response> { co_return response; };
    Response response;
    response.body = std::unique_ptr<BodyStream>(std::make_unique<Pieces>(pieces, length));
    return make(std::move(response));
  };
}

TEST(Connections, that_never_finish_their_headers_are_closed) {
  TestServer server(quick());
  TestClient client(server.port());
  client.send("GET / HTTP/1.1\r\nHost:");
  EXPECT_TRUE(client.closed());
}

TEST(Connections, that_never_finish_their_body_are_closed) {
  TestServer server(quick());
  TestClient client(server.port());
  client.send("PUT / HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n\r\nabc");
  EXPECT_TRUE(client.closed());
}

TEST(Connections, that_do_not_read_their_response_are_closed) {
  TestServer server(quick());
  server.answer_text("/", std::string(32 << 20, 'x'));
  const auto client = TestClient::slow(server.port());
  client->send(get("/"));
  EXPECT_TRUE(server.eventually([&] { return server.server().open_connections() == 1; }));
  EXPECT_TRUE(server.eventually([&] { return server.server().open_connections() == 0; }));
}

TEST(Connections, without_a_request_are_kept_when_there_is_no_idle_timeout) {
  TestServer server(quick());
  server.answer_text("/", "x");
  TestClient idle(server.port());
  // Another connection lives through the timeouts meanwhile.
  TestClient slow(server.port());
  slow.send("GET");
  EXPECT_TRUE(slow.closed());
  EXPECT_EQ(idle.ask(get("/")).status, 200);
}

TEST(Connections, without_a_request_are_closed_after_the_idle_timeout_if_there_is_one) {
  HttpLimits limits;
  limits.idle_timeout_ms = 50;
  TestServer server(limits);
  server.answer_text("/", "x");
  TestClient client(server.port());
  EXPECT_EQ(client.ask(get("/")).status, 200);
  EXPECT_TRUE(client.closed());
}

TEST(Connections, over_the_limit_of_their_address_get_a_raw_429_and_are_closed) {
  TestServer server;
  server.answer_text("/", "x");
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 200; ++i) {
    clients.push_back(std::make_unique<TestClient>(server.port()));
    ASSERT_EQ(clients.back()->ask(get("/")).status, 200);
  }
  TestClient refused(server.port());
  refused.send(get("/"));
  EXPECT_TRUE(refused.rest().starts_with("HTTP/1.1 429 Too Many Requests\r\n"));
  refused.close();
  clients.pop_back();
  EXPECT_TRUE(server.eventually([&] { return server.server().open_connections() == 199; }));
  EXPECT_EQ(TestClient(server.port()).ask(get("/")).status, 200);
}

TEST(ParkedQueries, are_answered_when_their_time_comes_and_the_connection_goes_on) {
  TestServer server;
  server.answer("/wait", server.parking());
  server.answer_text("/", "x");
  TestClient client(server.port());
  for (int i = 0; i < 3; ++i) {
    client.send(get("/wait"));
    ASSERT_TRUE(server.eventually([&] { return server.server().parked_queries() == 1; }));
    server.answer_parked("now");
    EXPECT_EQ(client.reply().body, "now");
    EXPECT_EQ(server.server().parked_queries(), 0u);
  }
  EXPECT_EQ(client.ask(get("/")).body, "x");
  server.on_loop([&] { EXPECT_EQ(server.parked_destroyed, 3); });
}

TEST(ParkedQueries, are_dropped_when_the_client_goes_away) {
  TestServer server;
  server.answer("/wait", server.parking());
  TestClient client(server.port());
  client.send(get("/wait"));
  ASSERT_TRUE(server.eventually([&] { return server.server().parked_queries() == 1; }));
  client.close();
  EXPECT_TRUE(server.eventually([&] { return server.server().open_connections() == 0; }));
  EXPECT_EQ(server.server().parked_queries(), 0u);
  server.on_loop([&] { EXPECT_EQ(server.parked_destroyed, 1); });
}

TEST(ParkedQueries, keep_the_requests_that_were_pipelined_behind_them) {
  TestServer server;
  server.answer("/wait", server.parking());
  server.answer_text("/", "after");
  TestClient client(server.port());
  client.send(get("/wait") + get("/"));
  ASSERT_TRUE(server.eventually([&] { return server.server().parked_queries() == 1; }));
  client.send(get("/"));
  server.answer_parked("now");
  EXPECT_EQ(client.reply().body, "now");
  EXPECT_EQ(client.reply().body, "after");
  EXPECT_EQ(client.reply().body, "after");
}

TEST(ParkedQueries, read_a_bounded_amount_ahead_and_lose_nothing) {
  TestServer server;
  server.body_max = 1 << 20;
  server.answer("/wait", server.parking());
  server.answer("/size", [](Request request) -> Task<Response> {
    Response response;
    response.body = std::to_string(request.body.size());
    co_return response;
  });
  TestClient client(server.port());
  client.send(get("/wait") + put("/size", std::string(500'000, 'x')));
  ASSERT_TRUE(server.eventually([&] { return server.server().parked_queries() == 1; }));
  server.answer_parked("now");
  EXPECT_EQ(client.reply().body, "now");
  EXPECT_EQ(client.reply().body, "500000");
}

TEST(ParkedQueries, outlive_every_timeout) {
  TestServer server(quick());
  server.answer("/wait", server.parking());
  TestClient client(server.port());
  client.send(get("/wait"));
  ASSERT_TRUE(server.eventually([&] { return server.server().parked_queries() == 1; }));
  TestClient slow(server.port());
  slow.send("GET");
  EXPECT_TRUE(slow.closed());
  server.answer_parked("now");
  EXPECT_EQ(client.reply().body, "now");
}

TEST(Streams, without_a_length_are_chunked) {
  TestServer server;
  server.answer("/", streaming({"one ", std::string(100'000, 'x'), " two"}, std::nullopt));
  TestClient client(server.port());
  EXPECT_EQ(client.ask(get("/")).body, "one " + std::string(100'000, 'x') + " two");
  EXPECT_EQ(client.ask(get("/")).status, 200);
}

TEST(Streams, without_a_length_end_with_the_connection_for_http_10) {
  TestServer server;
  server.answer("/", streaming({"one ", "two"}, std::nullopt));
  TestClient client(server.port());
  client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_TRUE(client.rest().ends_with("\r\n\r\none two"));
}

TEST(Streams, with_a_length_are_sent_as_they_are) {
  TestServer server;
  server.answer("/", streaming({"one ", "two"}, 7));
  TestClient client(server.port());
  const auto reply = client.ask(get("/"));
  EXPECT_EQ(reply.headers.at("content-length"), "7");
  EXPECT_EQ(reply.body, "one two");
}

TEST(Streams, that_fall_short_of_their_length_close_the_connection) {
  TestServer server;
  server.answer("/", streaming({"one"}, 7));
  TestClient client(server.port());
  EXPECT_EQ(client.ask(get("/")).status, 0);
  EXPECT_TRUE(client.closed());
}

TEST(Stopping, closes_idle_and_parked_connections_and_lets_running_ones_finish) {
  TestServer server;
  server.answer("/wait", server.parking());
  server.answer_text("/large", std::string(8 << 20, 'x'));
  TestClient idle(server.port());
  TestClient parked(server.port());
  parked.send(get("/wait"));
  const auto reading = TestClient::slow(server.port());
  reading->send(get("/large"));
  ASSERT_TRUE(server.eventually(
      [&] { return server.server().parked_queries() == 1 && server.requests == 2; }));
  std::thread reader([&] { EXPECT_EQ(reading->reply().body.size(), std::size_t{8 << 20}); });
  server.stop(std::chrono::seconds(10));
  reader.join();
  EXPECT_TRUE(idle.closed());
  EXPECT_TRUE(parked.closed());
  EXPECT_EQ(server.server().open_connections(), 0u);
}

TEST(Listening, on_a_port_in_use_says_what_to_do) {
  TestServer server;
  const Result<int> second = listen_tcp("127.0.0.1", server.port());
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().message,
            "listen tcp 127.0.0.1:" + std::to_string(server.port()) +
                ": bind: address already in use: another process listens there; choose another "
                "port with -http-port");
}

TEST(Listening, needs_an_address_of_this_host) {
  EXPECT_EQ(listen_tcp("not-an-address", 0).error().message,
            "listen tcp not-an-address:0: \"not-an-address\" is not an IP address");
  EXPECT_NE(listen_tcp("192.0.2.1", 0).error().message.find("no interface of this host"),
            std::string::npos);
}

TEST(Listening, on_a_socket_file_replaces_one_that_nobody_serves) {
  const std::string path = testing::TempDir() + "conclave-stale-" + std::to_string(::getpid());
  const Result<int> first = listen_unix(path);
  ASSERT_TRUE(first.has_value());
  EXPECT_NE(listen_unix("unix-missing-folder/x").error().message.find("No such file"),
            std::string::npos);
  const Result<int> second = listen_unix(path);
  ASSERT_FALSE(second.has_value());
  EXPECT_NE(second.error().message.find("another process listens there"), std::string::npos);
  ::close(*first);
  const Result<int> third = listen_unix(path);
  ASSERT_TRUE(third.has_value());
  ::close(*third);
  ::unlink(path.c_str());
}

}  // namespace
}  // namespace conclave::api
