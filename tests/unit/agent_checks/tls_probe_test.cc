// Checks through TLS: contract 7.1 (TLSServerName, TLSSkipVerify, TCPUseTLS) and 7.3.

#include <gtest/gtest.h>

#include <string>

#include "agent/checks/http_check.h"
#include "agent/checks/tcp_check.h"
#include "tests/tls_server/tls_server.h"
#include "tests/unit/agent_checks/target.h"

namespace conclave::agent {
namespace {

using namespace std::chrono_literals;

class TlsProbes : public testing::Test {
 protected:
  TlsServerOptions options(CertificateWish wish, TlsManners manners = TlsManners::http) const {
    return {.identity = authority.issue(wish), .manners = manners};
  }
  CheckResult http(const std::string& url, const std::string& server_name = {}) {
    api::CheckDefinition check;
    check.http = url;
    check.tls_server_name = server_name;
    return result_of(loop, probe_http(loop, shared(check), 4096, tls));
  }
  CheckResult tcp(const std::string& address, const std::string& server_name = {}) {
    api::CheckDefinition check;
    check.tcp = address;
    check.tcp_use_tls = true;
    check.tls_server_name = server_name;
    return result_of(loop, probe_tcp(loop, shared(check), tls));
  }
  Loop loop{"agent"};
  const Authority authority;
  const TemporaryFile root{authority.certificate()};
  const CertificateWish here{.addresses = {"127.0.0.1"}};
  const CertificateWish elsewhere{.dns_names = {"web.example"}};
  std::shared_ptr<TlsContext> tls =
      std::make_shared<TlsContext>(TlsOptions{.ca_file = root.path()});
  const std::shared_ptr<TlsContext> skip_verify =
      std::make_shared<TlsContext>(TlsOptions{.verify = false});
};

TEST_F(TlsProbes, https_passes_when_the_certificate_is_good) {
  TlsServer server(options(here));
  const CheckResult result = http(server.url("/health"));
  EXPECT_EQ(result.status, CheckStatus::passing);
  EXPECT_EQ(result.output, "HTTP GET " + server.url("/health") + ": 200 OK Output: fine");
  server.stop();
  const std::string& head = server.seen().at(0).first_bytes;
  EXPECT_TRUE(head.starts_with("GET /health HTTP/1.1\r\n")) << head;
  EXPECT_TRUE(head.contains("Host: " + server.host_port() + "\r\n")) << head;
}

TEST_F(TlsProbes, https_judges_by_the_status_too) {
  TlsServerOptions failing = options(here, TlsManners::http_abrupt);
  failing.response = "HTTP/1.1 503 Service Unavailable\r\n\r\nno";
  const TlsServer server(std::move(failing));
  const CheckResult result = http(server.url());
  EXPECT_EQ(result.status, CheckStatus::critical);
  EXPECT_EQ(result.output, "HTTP GET " + server.url() + ": 503 Service Unavailable Output: no");
}

TEST_F(TlsProbes, https_is_critical_for_a_certificate_of_somebody_else) {
  const TlsServer server(options(elsewhere));
  const CheckResult result = http(server.url());
  EXPECT_EQ(result.status, CheckStatus::critical);
  EXPECT_EQ(result.output,
            "Get \"" + server.url() +
                "\": tls: failed to verify certificate: x509: cannot validate certificate for "
                "127.0.0.1 because it doesn't contain any IP SANs");
}

TEST_F(TlsProbes, https_is_critical_for_a_self_signed_certificate) {
  const TlsServer server({.identity = Authority::self_signed(here), .manners = TlsManners::http});
  EXPECT_EQ(http(server.url()).output,
            "Get \"" + server.url() +
                "\": tls: failed to verify certificate: x509: certificate signed by unknown "
                "authority");
}

TEST_F(TlsProbes, https_takes_any_certificate_with_skip_verify) {
  const TlsServer server(
      {.identity = Authority::self_signed(elsewhere), .manners = TlsManners::http});
  tls = skip_verify;
  EXPECT_EQ(http(server.url()).status, CheckStatus::passing);
}

TEST_F(TlsProbes, https_asks_for_the_server_name_that_is_given) {
  TlsServer server(options(elsewhere));
  EXPECT_EQ(http(server.url(), "web.example").status, CheckStatus::passing);
  EXPECT_EQ(http(server.url(), "other.example").status, CheckStatus::critical);
  tls = skip_verify;
  EXPECT_EQ(http(server.url(), "other.example").status, CheckStatus::passing);
  server.stop();
  ASSERT_EQ(server.seen().size(), 2u);
  EXPECT_EQ(server.seen()[0].name, "web.example");
  EXPECT_EQ(server.seen()[1].name, "other.example");
}

TEST_F(TlsProbes, https_of_a_server_without_tls_says_so) {
  const TlsServer server({.manners = TlsManners::plain_http});
  EXPECT_EQ(http(server.url()).output,
            "Get \"" + server.url() + "\": http: server gave HTTP response to HTTPS client");
}

TEST_F(TlsProbes, https_gives_up_a_silent_server_after_its_timeout) {
  const TlsServer server({.manners = TlsManners::silent});
  api::CheckDefinition check;
  check.http = server.url();
  check.timeout = 50ms;
  EXPECT_EQ(result_of(loop, probe_http(loop, shared(check), 4096, tls)).output,
            "Get \"" + server.url() +
                "\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)");
}

TEST_F(TlsProbes, https_is_followed_to_from_http) {
  TlsServer server(options(here));
  Target target(loop);
  target.answer(Target::http("302 Found", "", "Location: " + server.url("/there") + "\r\n"));
  api::CheckDefinition check;
  check.http = target.url();
  check.header = {{"Authorization", {"Basic dTpw"}}, {"X-Probe", {"a"}}};
  EXPECT_EQ(result_of(loop, probe_http(loop, shared(check), 4096, tls)).status,
            CheckStatus::passing);
  server.stop();
  const std::string& head = server.seen().at(0).first_bytes;
  EXPECT_TRUE(head.contains("X-Probe: a\r\n")) << head;
  EXPECT_FALSE(head.contains("Authorization")) << head;
}

TEST_F(TlsProbes, redirects_do_not_lead_to_sockets_of_this_machine) {
  Target target(loop);
  target.answer(Target::http("302 Found", "", "Location: unix:///run/some.sock\r\n"));
  EXPECT_TRUE(http(target.url()).output.ends_with("unsupported protocol scheme \"unix\""));
}

TEST_F(TlsProbes, tcp_with_tls_passes_when_the_handshake_does) {
  TlsServer server(options(here, TlsManners::echo));
  const CheckResult result = tcp(server.host_port());
  EXPECT_EQ(result.status, CheckStatus::passing);
  EXPECT_EQ(result.output, "TCP+TLS connect " + server.host_port() + ": Success");
  server.stop();
  EXPECT_TRUE(server.seen().at(0).goodbye);
}

TEST_F(TlsProbes, tcp_with_tls_verifies_unless_told_not_to) {
  TlsServer server(options(elsewhere, TlsManners::echo));
  EXPECT_EQ(tcp(server.host_port()).output,
            "tls: failed to verify certificate: x509: cannot validate certificate for 127.0.0.1 "
            "because it doesn't contain any IP SANs");
  EXPECT_EQ(tcp(server.host_port(), "web.example").status, CheckStatus::passing);
  tls = skip_verify;
  EXPECT_EQ(tcp(server.host_port()).status, CheckStatus::passing);
}

TEST_F(TlsProbes, tcp_with_tls_is_critical_for_a_server_without) {
  const TlsServer server({.manners = TlsManners::plain_http});
  EXPECT_EQ(tcp(server.host_port()).output, "tls: first record does not look like a TLS handshake");
}

TEST_F(TlsProbes, tcp_with_tls_gives_up_after_its_timeout) {
  const TlsServer server({.manners = TlsManners::silent});
  api::CheckDefinition check;
  check.tcp = server.host_port();
  check.tcp_use_tls = true;
  check.timeout = 50ms;
  EXPECT_EQ(result_of(loop, probe_tcp(loop, shared(check), tls)).output,
            "context deadline exceeded");
}

}  // namespace
}  // namespace conclave::agent
