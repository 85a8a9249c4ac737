// gRPC and H2PING checks against a server on nghttp2: contract 7.1, 7.3; the health protocol and
// its wording are gRPC's (doc/health-checking.md, PROTOCOL-HTTP2.md).

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "agent/checks/grpc_check.h"
#include "agent/checks/h2ping_check.h"
#include "tests/unit/agent_checks/http2_server.h"
#include "tests/unit/agent_checks/target.h"

namespace conclave::agent {
namespace {

using namespace std::chrono_literals;

/// HealthCheckResponse{status} in gRPC's frame.
std::string health(char status) { return {0, 0, 0, 0, 2, 8, status}; }

constexpr char unknown = 0;
constexpr char serving = 1;
constexpr char not_serving = 2;

class Http2Probes : public testing::Test {
 protected:
  CheckResult grpc(const std::string& target, bool through_tls = false,
                   const std::string& server_name = {}, Nanos timeout = {},
                   std::uint64_t output_max = 4096) {
    api::CheckDefinition check;
    check.grpc = target;
    check.grpc_use_tls = through_tls;
    check.tls_server_name = server_name;
    check.timeout = timeout;
    return result_of(loop, probe_grpc(loop, check, output_max, tls));
  }
  CheckResult ping(const std::string& target, std::optional<bool> through_tls = false,
                   Nanos timeout = {}) {
    api::CheckDefinition check;
    check.h2ping = target;
    check.h2ping_use_tls = through_tls;
    check.timeout = timeout;
    return result_of(loop, probe_h2ping(loop, check, tls));
  }
  static std::string refused() {
    Loop other("other");
    Target gone(other);
    return gone.host_port();
  }

  Loop loop{"agent"};
  const Authority authority;
  const TemporaryFile root{authority.certificate()};
  const CertificateWish here{.addresses = {"127.0.0.1"}};
  const CertificateWish elsewhere{.dns_names = {"web.example"}};
  std::shared_ptr<TlsContext> tls =
      std::make_shared<TlsContext>(TlsOptions{.ca_file = root.path(), .protocols = {"h2"}});
};

TEST_F(Http2Probes, grpc_passes_when_the_server_says_serving) {
  Http2Server server({.body = health(serving)});
  const CheckResult result = grpc(server.host_port());
  EXPECT_EQ(result.status, CheckStatus::passing);
  EXPECT_EQ(result.output, "gRPC check " + server.host_port() + ": success");
  server.stop();
  const Http2Server::Seen& seen = server.seen().at(0);
  EXPECT_EQ(seen.head.at(":method"), "POST");
  EXPECT_EQ(seen.head.at(":scheme"), "http");
  EXPECT_EQ(seen.head.at(":path"), "/grpc.health.v1.Health/Check");
  EXPECT_EQ(seen.head.at(":authority"), server.host_port());
  EXPECT_EQ(seen.head.at("content-type"), "application/grpc");
  EXPECT_EQ(seen.head.at("te"), "trailers");
  EXPECT_EQ(seen.head.at("grpc-timeout"), "10000m");
  EXPECT_EQ(seen.body, std::string(5, '\0'));
}

TEST_F(Http2Probes, grpc_asks_for_the_service_that_is_named) {
  Http2Server server({.body = health(serving)});
  const std::string target = server.host_port() + "/web";
  EXPECT_EQ(grpc(target).output, "gRPC check " + target + ": success");
  server.stop();
  EXPECT_EQ(server.seen().at(0).body, std::string("\0\0\0\0\5\x0a\3web", 10));
  EXPECT_EQ(server.seen().at(0).head.at(":authority"), server.host_port());
}

TEST_F(Http2Probes, grpc_is_critical_when_the_server_says_anything_else) {
  for (const std::string& body : {health(unknown), health(not_serving), std::string(5, '\0')}) {
    const Http2Server server({.body = body});
    const CheckResult result = grpc(server.host_port());
    EXPECT_EQ(result.status, CheckStatus::critical);
    EXPECT_EQ(result.output, "gRPC application didn't report service healthy");
  }
}

TEST_F(Http2Probes, grpc_tells_the_servers_errors) {
  struct Case {
    Http2Manners manners;
    std::string output;
  };
  const std::vector<Case> cases = {
      {{.trailers = {{"grpc-status", "5"}, {"grpc-message", "unknown service web%21"}}},
       "rpc error: code = NotFound desc = unknown service web!"},
      {{.trailers = {{"grpc-status", "12"}, {"grpc-message", "100%"}}},
       "rpc error: code = Unimplemented desc = 100%"},
      {{.trailers = {{"grpc-status", "99"}}}, "rpc error: code = Code(99) desc = "},
      {{.trailers = {}},
       "rpc error: code = Internal desc = server closed the stream without sending trailers"},
      {{.head = {{":status", "404"}}, .trailers = {}},
       "rpc error: code = Unimplemented desc = unexpected HTTP status code received from server: "
       "404"},
      {{.head = {{":status", "503"}}, .trailers = {}},
       "rpc error: code = Unavailable desc = unexpected HTTP status code received from server: "
       "503"},
      {{.reset = 2},
       "rpc error: code = Internal desc = stream terminated by RST_STREAM with error code: 2"},
      {{.body = health(serving).substr(0, 6)}, "rpc error: code = Internal desc = unexpected EOF"},
      {{.body = std::string("\0\0\0\0\1\x0b", 6)},
       "rpc error: code = Internal desc = grpc: failed to unmarshal the received message"},
      {{.body = std::string("\1\0\0\0\0", 5)},
       "rpc error: code = Internal desc = grpc: compressed flag set with identity or empty "
       "encoding"},
  };
  for (const Case& one : cases) {
    const Http2Server server(one.manners);
    const CheckResult result = grpc(server.host_port());
    EXPECT_EQ(result.status, CheckStatus::critical);
    EXPECT_EQ(result.output, one.output);
  }
}

TEST_F(Http2Probes, grpc_takes_only_so_much_of_an_answer) {
  const Http2Server large({.body = std::string(65 << 10, 'x')});
  EXPECT_EQ(grpc(large.host_port()).output,
            "rpc error: code = Unavailable desc = error reading from server: http2: response body "
            "too large");
  const Http2Server wordy(
      {.trailers = {{"grpc-status", "2"}, {"grpc-message", std::string(15 << 10, 'x')}}});
  EXPECT_EQ(grpc(wordy.host_port(), false, "", {}, 40).output,
            "rpc error: code = Unknown desc = xxxxxxx");
  const Http2Server wordier({.trailers = {{"grpc-message", std::string(17 << 10, 'x')}}});
  EXPECT_EQ(grpc(wordier.host_port()).output,
            "rpc error: code = Unavailable desc = error reading from server: http2: too many "
            "headers");
}

TEST_F(Http2Probes, grpc_is_critical_when_nobody_listens) {
  const std::string target = refused();
  const CheckResult result = grpc(target + "/web");
  EXPECT_EQ(result.status, CheckStatus::critical);
  EXPECT_EQ(
      result.output,
      "rpc error: code = Unavailable desc = connection error: desc = \"transport: Error while "
      "dialing: dial tcp " +
          target + ": connect: connection refused\"");
  EXPECT_TRUE(grpc("web").output.contains("dial tcp: address web: missing port in address"));
}

TEST_F(Http2Probes, grpc_gives_up_after_its_timeout) {
  const Http2Server server({.silent = true});
  EXPECT_EQ(grpc(server.host_port(), false, "", 50ms).output,
            "rpc error: code = DeadlineExceeded desc = context deadline exceeded");
}

TEST_F(Http2Probes, grpc_through_tls_offers_h2_and_verifies) {
  Http2Server server({.identity = authority.issue(elsewhere), .body = health(serving)});
  EXPECT_EQ(grpc(server.host_port(), true, "web.example").status, CheckStatus::passing);
  EXPECT_EQ(grpc(server.host_port(), true).output,
            "rpc error: code = Unavailable desc = connection error: desc = \"transport: "
            "authentication handshake failed: tls: failed to verify certificate: x509: cannot "
            "validate certificate for 127.0.0.1 because it doesn't contain any IP SANs\"");
  tls = std::make_shared<TlsContext>(TlsOptions{.verify = false, .protocols = {"h2"}});
  EXPECT_EQ(grpc(server.host_port(), true).status, CheckStatus::passing);
  server.stop();
  const Http2Server::Seen& seen = server.seen().at(0);
  EXPECT_EQ(seen.protocol, "h2");
  EXPECT_EQ(seen.head.at(":scheme"), "https");
  EXPECT_EQ(seen.head.at(":authority"), "web.example");
}

TEST_F(Http2Probes, a_ping_that_is_acknowledged_passes) {
  const Http2Server server({});
  const CheckResult result = ping(server.host_port());
  EXPECT_EQ(result.status, CheckStatus::passing);
  EXPECT_EQ(result.output, "HTTP2 ping was successful");
}

TEST_F(Http2Probes, a_ping_goes_through_tls_unless_told_not_to) {
  const Http2Server server({.identity = authority.issue(here)});
  EXPECT_EQ(ping(server.host_port(), std::nullopt).output, "HTTP2 ping was successful");
  EXPECT_EQ(ping(server.host_port(), true).status, CheckStatus::passing);
  EXPECT_EQ(ping(server.host_port(), false).status, CheckStatus::critical);
  const Http2Server other({.identity = authority.issue(elsewhere)});
  EXPECT_EQ(ping(other.host_port(), true).output,
            "Failed to dial to " + other.host_port() +
                ": tls: failed to verify certificate: x509: cannot validate certificate for "
                "127.0.0.1 because it doesn't contain any IP SANs");
}

TEST_F(Http2Probes, a_ping_fails_with_what_went_wrong) {
  const std::string target = refused();
  EXPECT_EQ(ping(target).output, "Failed to dial to " + target + ": dial tcp " + target +
                                     ": connect: connection refused");
  EXPECT_EQ(ping("web").output,
            "Failed to dial to web: dial tcp: address web: missing port in address");
  const Http2Server silent({.silent = true});
  EXPECT_EQ(ping(silent.host_port(), false, 50ms).output,
            "HTTP2 ping failed: context deadline exceeded");
  const Http2Server leaver({.hangs_up = true});
  EXPECT_EQ(ping(leaver.host_port()).output, "HTTP2 ping failed: unexpected EOF");
  const Http2Server old({.junk = "HTTP/1.1 400 Bad Request\r\n\r\n"});
  EXPECT_EQ(ping(old.host_port()).output,
            "HTTP2 ping failed: http2: frame too large, note that the frame header looked like an "
            "HTTP/1.1 header");
  const Http2Server mad({.junk = std::string(100, '\xff')});
  EXPECT_TRUE(ping(mad.host_port()).output.starts_with("HTTP2 ping failed: http2: "));
}

}  // namespace
}  // namespace conclave::agent
