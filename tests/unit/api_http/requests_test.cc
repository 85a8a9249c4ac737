/// Requests and responses as they stand on the wire.

#include <gtest/gtest.h>
#include <unistd.h>

#include "api/http/request_parser.h"
#include "tests/unit/api_http/test_server.h"

namespace conclave::api {
namespace {

Task<Response> echo(Request request) {
  Response response;
  response.content_type = "application/octet-stream";
  response.body = std::move(request.body);
  co_return response;
}

Task<Response> describe(Request request) {
  std::string text = request.method_text + " " + request.path;
  for (const QueryParameter& parameter : request.query) {
    text += " " + parameter.name + "=" + parameter.value;
  }
  for (const Header& header : request.headers)
    text += " [" + header.name + ": " + header.value + "]";
  text += " from " + request.client_address;
  Response response;
  response.body = std::move(text);
  co_return response;
}

TEST(Requests, are_answered_with_status_headers_date_and_length) {
  TestServer server;
  server.answer_text("/hello", "hi");
  TestClient client(server.port());
  const auto reply = client.ask(get("/hello"));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "hi");
  EXPECT_EQ(reply.headers.at("content-type"), "text/plain");
  EXPECT_TRUE(reply.headers.at("date").ends_with(" GMT"));
  EXPECT_TRUE(reply.head.starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST(Requests, show_handlers_decoded_paths_parameters_and_the_headers_they_may_look_at) {
  TestServer server;
  server.answer("/a b/c+d", describe);
  TestClient client(server.port());
  const auto reply = client.ask(
      get("/a%20b/c+d?x=1&y=a+b%2F&flag", "X-Consul-Token: t\r\nUser-Agent: nobody\r\n"));
  EXPECT_EQ(reply.body,
            "GET /a b/c+d x=1 y=a b/ flag= [host: test] [x-consul-token: t] from 127.0.0.1");
}

TEST(Requests, follow_each_other_on_one_connection) {
  TestServer server;
  server.answer("/echo", echo);
  TestClient client(server.port());
  EXPECT_EQ(client.ask(put("/echo", "one")).body, "one");
  EXPECT_EQ(client.ask(put("/echo", "two")).body, "two");
  EXPECT_EQ(server.server().open_connections(), 1u);
}

TEST(Requests, that_are_pipelined_are_answered_in_order) {
  TestServer server;
  server.answer("/echo", echo);
  TestClient client(server.port());
  std::string all;
  for (int i = 0; i < 100; ++i) all += put("/echo", "body " + std::to_string(i));
  client.send(all);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(client.reply().body, "body " + std::to_string(i));
}

TEST(Requests, may_arrive_byte_by_byte) {
  TestServer server;
  server.answer("/echo", echo);
  TestClient client(server.port());
  for (const char c : put("/echo", "slow but steady")) client.send(std::string(1, c));
  EXPECT_EQ(client.reply().body, "slow but steady");
}

TEST(RequestParser, takes_the_end_of_a_chunked_body_byte_by_byte) {
  for (const std::string_view rest : {"0\r\n\r\n", "1;x=y\r\na\r\n0\r\nTrailer: t\r\n\r\n"}) {
    RequestParser parser(1024);
    const std::string head = "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    std::size_t consumed = 0;
    ASSERT_EQ(parser.feed(head, consumed), RequestParser::State::head_done);
    parser.allow_body(10);
    std::string held;
    auto state = RequestParser::State::body;
    for (const char byte : rest) {
      ASSERT_EQ(state, RequestParser::State::body);
      held.push_back(byte);
      state = parser.feed(held, consumed);
      held.erase(0, consumed);
    }
    EXPECT_EQ(state, RequestParser::State::complete);
    EXPECT_EQ(parser.request().body, rest.front() == '0' ? "" : "a");
  }
}

TEST(Requests, with_chunked_bodies_are_put_together_and_trailers_dropped) {
  TestServer server;
  server.answer("/echo", echo);
  TestClient client(server.port());
  const std::string head = "PUT /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(client.ask(head + "3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nX-Consul-Token: t\r\n\r\n").body,
            "abcdefg");
  EXPECT_EQ(client.ask(put("/echo", "next")).body, "next");
}

TEST(Requests, that_expect_100_continue_are_told_to_go_on) {
  TestServer server;
  server.answer("/echo", echo);
  TestClient client(server.port());
  client.send("PUT /echo HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(client.reply().status, 100);
  EXPECT_EQ(client.ask("body").body, "body");
}

TEST(Requests, that_expect_100_continue_for_too_large_a_body_are_refused_at_once) {
  TestServer server;
  TestClient client(server.port());
  const auto reply = client.ask(
      "PUT /echo HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 2000\r\n\r\n");
  EXPECT_EQ(reply.status, 413);
  EXPECT_EQ(reply.body, "too large: 2000");
}

TEST(Requests, from_http_10_are_closed_unless_they_ask_to_be_kept) {
  TestServer server;
  server.answer_text("/", "x");
  TestClient once(server.port());
  once.send("GET / HTTP/1.0\r\n\r\n");
  const std::string all = once.rest();
  EXPECT_NE(all.find("Connection: close\r\n"), std::string::npos);
  EXPECT_TRUE(all.ends_with("\r\n\r\nx"));
  TestClient kept(server.port());
  const auto reply = kept.ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(reply.headers.at("connection"), "keep-alive");
  EXPECT_EQ(kept.ask(get("/")).status, 200);
}

TEST(Requests, that_ask_for_close_are_answered_and_closed) {
  TestServer server;
  server.answer_text("/", "x");
  TestClient client(server.port());
  EXPECT_EQ(client.ask(get("/", "Connection: close\r\n")).headers.at("connection"), "close");
  EXPECT_TRUE(client.closed());
}

TEST(Requests, with_head_get_the_length_and_no_body) {
  TestServer server;
  server.answer_text("/", "12345");
  TestClient client(server.port());
  client.send("HEAD / HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_EQ(client.reply(true).headers.at("content-length"), "5");
  EXPECT_EQ(client.ask(get("/")).body, "12345");
}

TEST(Responses, cannot_be_split_by_line_ends_in_a_header) {
  TestServer server;
  server.answer("/", [](Request) -> Task<Response> {
    Response response;
    response.set_header("X-A", "one\r\nX-Injected: yes");
    co_return response;
  });
  TestClient client(server.port());
  const auto reply = client.ask(get("/"));
  EXPECT_EQ(reply.headers.count("x-injected"), 0u);
  EXPECT_EQ(reply.headers.at("x-a"), "one  X-Injected: yes");
}

TEST(Responses, larger_than_the_socket_buffers_arrive_whole) {
  TestServer server;
  const auto large = std::make_shared<const std::string>(32 << 20, 'x');
  server.answer("/", [large](Request) -> Task<Response> {
    Response response;
    response.body = large;
    co_return response;
  });
  TestClient client(server.port());
  const auto reply = client.ask(get("/"));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, *large);
}

TEST(Responses, on_a_unix_socket_are_the_same) {
  TestServer server;
  server.answer("/", describe);
  const std::string path = testing::TempDir() + "conclave-http-" + std::to_string(::getpid());
  const Result<int> listening = listen_unix(path);
  ASSERT_TRUE(listening.has_value()) << listening.error().message;
  server.serve(*listening);
  TestClient client(path);
  EXPECT_EQ(client.ask(get("/")).body, "GET / [host: test] from ");
  ::unlink(path.c_str());
}

struct Malformed {
  const char* name;
  std::string bytes;
  int status;
};

class MalformedRequests : public testing::TestWithParam<Malformed> {};

TEST_P(MalformedRequests, are_refused_and_the_connection_closed) {
  TestServer server;
  server.answer("/echo", echo);
  TestClient client(server.port());
  EXPECT_EQ(client.ask(GetParam().bytes).status, GetParam().status);
  client.shut_writing();
  EXPECT_TRUE(client.closed());
}

std::string many_headers(int count) {
  std::string headers;
  for (int i = 0; i < count; ++i) headers += "X-" + std::to_string(i) + ": v\r\n";
  return headers;
}

INSTANTIATE_TEST_SUITE_P(
    All, MalformedRequests,
    testing::Values(
        Malformed{"garbage", "\x16\x03\x01 hello\r\n\r\n", 400},
        Malformed{"both_lengths",
                  "PUT /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n"
                  "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                  400},
        Malformed{"both_lengths_other_order",
                  "PUT /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n"
                  "Content-Length: 3\r\n\r\n0\r\n\r\n",
                  400},
        Malformed{"two_lengths", put("/echo", "abc", "Content-Length: 4\r\n"), 400},
        Malformed{"negative_length", "PUT /echo HTTP/1.1\r\nHost: t\r\nContent-Length: -1\r\n\r\n",
                  400},
        Malformed{"overflowing_length",
                  "PUT /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 99999999999999999999\r\n\r\n",
                  400},
        Malformed{"other_transfer_encoding",
                  "PUT /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501},
        Malformed{"other_version", "GET / HTTP/2.0\r\nHost: t\r\n\r\n", 505},
        Malformed{"bad_escape", get("/a%2"), 400}, Malformed{"no_path", get("elsewhere"), 400},
        Malformed{"large_header", get("/", "X-Big: " + std::string(17 * 1024, 'x') + "\r\n"), 431},
        Malformed{"large_headers_in_sum",
                  get("/", "X-A: " + std::string(9 * 1024, 'x') +
                               "\r\nX-B: " + std::string(9 * 1024, 'x') + "\r\n"),
                  431},
        Malformed{"many_headers", get("/", many_headers(101)), 431},
        Malformed{"long_target", get("/" + std::string(20 * 1024, 'x')), 431},
        Malformed{"large_body", put("/echo", std::string(1025, 'x')), 413},
        Malformed{"large_chunked_body",
                  "PUT /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n300\r\n" +
                      std::string(0x300, 'x') + "\r\n300\r\n" + std::string(0x300, 'x'),
                  413},
        Malformed{"huge_chunk",
                  "PUT /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "fffffffffffffff0\r\n",
                  413},
        Malformed{"endless_chunk_header",
                  "PUT /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n1;" +
                      std::string(20 * 1024, 'x'),
                  400}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(Requests, with_a_body_of_exactly_the_limit_are_accepted) {
  TestServer server;
  server.answer("/echo", echo);
  TestClient client(server.port());
  EXPECT_EQ(client.ask(put("/echo", std::string(1024, 'x'))).status, 200);
}

TEST(Requests, refused_for_their_size_are_answered_even_while_the_client_is_still_sending) {
  TestServer server;
  server.answer("/echo", echo);
  TestClient client(server.port());
  const auto reply = client.ask(put("/echo", std::string(4 << 20, 'x')));
  EXPECT_EQ(reply.status, 413);
  EXPECT_EQ(reply.headers.at("connection"), "close");
}

}  // namespace
}  // namespace conclave::api
