/// The client against our own server, and against servers that misbehave.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/http/client.h"
#include "api/http/response_parser.h"
#include "api/http/url.h"
#include "tests/tls_server/tls_server.h"
#include "tests/unit/api_http/test_server.h"

namespace conclave::api {
namespace {

/// Listens, accepts once, sends fixed bytes, then closes or keeps silent.
class RawServer {
 public:
  explicit RawServer(std::string bytes, bool close_after = true)
      : listening_(*listen_tcp("127.0.0.1", 0)), bytes_(std::move(bytes)) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    ::getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    const int flags = ::fcntl(listening_, F_GETFL);
    ::fcntl(listening_, F_SETFL, flags & ~O_NONBLOCK);
    thread_ = std::thread([this, close_after] { run(close_after); });
  }
  ~RawServer() {
    ::shutdown(listening_, SHUT_RDWR);
    thread_.join();
    ::close(listening_);
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }

 private:
  void run(bool close_after) {
    const int client = ::accept(listening_, nullptr, nullptr);
    if (client < 0) return;
    char request[4096];
    (void)::recv(client, request, sizeof request, 0);
    ::send(client, bytes_.data(), bytes_.size(), MSG_NOSIGNAL);
    if (!close_after) (void)::recv(client, request, sizeof request, 0);
    ::close(client);
  }

  int listening_;
  std::string bytes_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

ClientRequest request_for(std::string url) {
  ClientRequest request;
  request.url = std::move(url);
  return request;
}

TEST(Client, sends_method_headers_and_body_and_returns_the_response) {
  TestServer server;
  server.answer("/echo", [](Request request) -> Task<Response> {
    Response response;
    response.status = 429;
    response.set_header("X-Method", request.method_text);
    response.set_header("X-Seen", std::string(request.header("x-consul-token")));
    response.body = std::move(request.body);
    co_return response;
  });
  ClientRequest request = request_for(server.url("/echo?a=b"));
  request.method = "PUT";
  request.headers = {{"X-Consul-Token", "secret"}};
  request.body = "payload";
  const auto response = http_call_blocking(request);
  ASSERT_TRUE(response.has_value()) << response.error().message;
  EXPECT_EQ(response->status, 429);
  EXPECT_EQ(response->reason, "Too Many Requests");
  EXPECT_EQ(response->header("x-method"), "PUT");
  EXPECT_EQ(response->header("x-seen"), "secret");
  EXPECT_EQ(response->body, "payload");
  EXPECT_FALSE(response->truncated);
}

TEST(Client, reads_chunked_bodies_and_bodies_that_end_with_the_connection) {
  RawServer chunked("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n");
  EXPECT_EQ(http_call_blocking(request_for(chunked.url()))->body, "ab");
  RawServer until_eof("HTTP/1.0 200 OK\r\n\r\nthe end");
  EXPECT_EQ(http_call_blocking(request_for(until_eof.url()))->body, "the end");
}

TEST(Client, hands_a_body_to_its_sink_and_keeps_those_of_errors) {
  std::string taken;
  const auto call = [&taken](const std::string& url) {
    ClientRequest request = request_for(url);
    request.body_sink = [&taken](std::string_view piece) -> Result<void> {
      taken += piece;
      return {};
    };
    return http_call_blocking(request);
  };
  RawServer stream(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      "8\r\nline one\r\n8\r\nline two\r\n0\r\n\r\n");
  auto response = call(stream.url());
  ASSERT_TRUE(response.has_value()) << response.error().message;
  EXPECT_EQ(taken, "line oneline two");
  EXPECT_EQ(response->body, "");
  TestServer server;
  response = call(server.url("/nowhere"));
  ASSERT_TRUE(response.has_value()) << response.error().message;
  EXPECT_EQ(response->status, 404);
  EXPECT_EQ(response->body, "nothing at /nowhere");
  EXPECT_EQ(taken, "line oneline two");
}

TEST(ResponseParser, takes_the_end_of_a_chunked_body_byte_by_byte) {
  ResponseParser parser(10, false);
  auto state = ResponseParser::State::more;
  for (const char byte : std::string_view("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                          "0\r\n\r\n")) {
    ASSERT_EQ(state, ResponseParser::State::more);
    state = parser.feed({&byte, 1});
  }
  EXPECT_EQ(state, ResponseParser::State::complete);
  EXPECT_EQ(parser.response().body, "");
}

TEST(Client, keeps_no_more_of_the_body_than_asked_for) {
  TestServer server;
  server.answer_text("/", std::string(100'000, 'x'));
  ClientRequest request = request_for(server.url("/"));
  request.body_bytes_max = 4096;
  const auto response = http_call_blocking(request);
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->body.size(), 4096u);
  EXPECT_TRUE(response->truncated);
}

TEST(Client, talks_to_unix_sockets) {
  TestServer server;
  server.answer_text("/v1/x", "over a file");
  const std::string path = testing::TempDir() + "conclave-client-" + std::to_string(::getpid());
  server.serve(*listen_unix(path));
  ClientRequest request = request_for("unix://" + path);
  request.target = "/v1/x";
  EXPECT_EQ(http_call_blocking(request)->body, "over a file");
  ::unlink(path.c_str());
  EXPECT_EQ(
      http_call_blocking(request).error().message,
      "Get \"unix://" + path + "\": dial unix " + path + ": connect: no such file or directory");
}

TEST(Client, follows_redirects_only_when_asked_and_only_so_many) {
  TestServer server;
  server.answer("/from", [](Request) -> Task<Response> {
    Response response;
    response.status = 302;
    response.set_header("Location", "/to");
    co_return response;
  });
  server.answer("/loop", [](Request) -> Task<Response> {
    Response response;
    response.status = 301;
    response.set_header("Location", "loop");
    co_return response;
  });
  server.answer_text("/to", "arrived");
  ClientRequest request = request_for(server.url("/from"));
  EXPECT_EQ(http_call_blocking(request)->status, 302);
  request.redirects_max = 10;
  EXPECT_EQ(http_call_blocking(request)->body, "arrived");
  request.url = server.url("/loop");
  EXPECT_EQ(http_call_blocking(request).error().message,
            "Get \"" + server.url("/loop") + "\": stopped after 10 redirects");
}

TEST(Client, speaks_https_with_whom_it_trusts) {
  const Authority authority;
  const TemporaryFile root(authority.certificate());
  const TlsServer server(
      {.identity = authority.issue({.addresses = {"127.0.0.1"}}), .manners = TlsManners::http});
  ClientRequest request = request_for(server.url("/x"));
  EXPECT_EQ(http_call_blocking(request).error().message,
            "Get \"" + request.url +
                "\": tls: failed to verify certificate: x509: certificate signed by unknown "
                "authority");
  request.tls = std::make_shared<TlsContext>(TlsOptions{.ca_file = root.path()});
  EXPECT_EQ(http_call_blocking(request)->body, "fine");
  request.tls_server_name = "web.example";
  EXPECT_EQ(http_call_blocking(request).error().message,
            "Get \"" + request.url +
                "\": tls: failed to verify certificate: x509: certificate is not valid for any "
                "names, but wanted to match web.example");
}

TEST(Client, says_in_the_words_of_go_what_went_wrong) {
  // A port that was free a moment ago: bound and never listened on.
  const int bound = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(bound, reinterpret_cast<const sockaddr*>(&address), size), 0);
  ::getsockname(bound, reinterpret_cast<sockaddr*>(&address), &size);
  const std::string where = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  EXPECT_EQ(http_call_blocking(request_for("http://" + where + "/")).error().message,
            "Get \"http://" + where + "/\": dial tcp " + where + ": connect: connection refused");
  ::close(bound);
  EXPECT_EQ(http_call_blocking(request_for("ftp://x/")).error().message,
            "Get \"ftp://x/\": unsupported protocol scheme \"ftp\"");
  RawServer silent("");
  EXPECT_EQ(http_call_blocking(request_for(silent.url())).error().message,
            "Get \"" + silent.url() + "\": EOF");
  RawServer cut("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_EQ(http_call_blocking(request_for(cut.url())).error().message,
            "Get \"" + cut.url() + "\": unexpected EOF");
  RawServer other("SSH-2.0-x\r\n\r\n");
  EXPECT_NE(http_call_blocking(request_for(other.url()))
                .error()
                .message.find("HTTP/1.x transport connection broken"),
            std::string::npos);
}

TEST(Client, gives_up_at_its_deadline) {
  RawServer silent("", false);
  ClientRequest request = request_for(silent.url());
  request.timeout = std::chrono::milliseconds(50);
  EXPECT_EQ(http_call_blocking(request).error().message,
            "Get \"" + silent.url() +
                "\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)");
  RawServer half("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", false);
  request.url = half.url();
  EXPECT_EQ(http_call_blocking(request).error().message,
            "Get \"" + half.url() +
                "\": context deadline exceeded (Client.Timeout or context cancellation while "
                "reading body)");
}

TEST(Urls, are_taken_apart) {
  const Url url = *parse_url("http://me:p%40ss@[::1]:8500/v1/kv/a?x#y");
  EXPECT_EQ(url.host, "::1");
  EXPECT_EQ(url.port, 8500);
  EXPECT_EQ(url.authority, "[::1]:8500");
  EXPECT_EQ(url.user_info, "me:p@ss");
  EXPECT_EQ(url.target, "/v1/kv/a?x");
  EXPECT_EQ(parse_url("http://host")->target, "/");
  EXPECT_EQ(parse_url("http://host?x")->target, "/?x");
  EXPECT_EQ(parse_url("http:///x").error().message, "no Host in request URL");
  EXPECT_FALSE(parse_url("http://host:99999/").has_value());
  EXPECT_FALSE(parse_url("http://host/a\r\nX: y").has_value());
}

TEST(Urls, lead_on_from_a_location) {
  const Url base = *parse_url("http://host:1/a/b?q");
  EXPECT_EQ(resolve_location(base, "http://else/x"), "http://else/x");
  EXPECT_EQ(resolve_location(base, "//else/x"), "http://else/x");
  EXPECT_EQ(resolve_location(base, "/x"), "http://host:1/x");
  EXPECT_EQ(resolve_location(base, "x"), "http://host:1/a/x");
  EXPECT_EQ(resolve_location(base, "?x"), "http://host:1/a/b?x");
}

}  // namespace
}  // namespace conclave::api
