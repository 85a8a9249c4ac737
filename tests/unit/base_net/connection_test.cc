// Connections in the clear and through TLS, against real sockets on this machine.

#include "base/net/connection.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/run/clock.h"
#include "base/run/file.h"
#include "tests/tls_server/tls_server.h"
#include "tests/unit/base_net/visit.h"

namespace conclave {
namespace {

using namespace std::chrono_literals;

/// Listens, and accepts nobody until it is told to: whoever dials then has to wait, as for another
/// machine, until the kernel asks again.
class FullListener {
 public:
  FullListener() : listening_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    socklen_t size = sizeof at_;
    at_.sin_family = AF_INET;
    at_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(listening_.get(), address(), size), 0);
    EXPECT_EQ(::listen(listening_.get(), 0), 0);
    EXPECT_EQ(::getsockname(listening_.get(), address(), &size), 0);
    EXPECT_EQ(::connect(first_.get(), address(), size), 0);
  }
  std::uint16_t port() const { return ntohs(at_.sin_port); }
  Descriptor accept() { return Descriptor(::accept(listening_.get(), nullptr, nullptr)); }

 private:
  sockaddr* address() { return reinterpret_cast<sockaddr*>(&at_); }
  sockaddr_in at_{};
  Descriptor listening_;
  Descriptor first_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
};

class Tls : public testing::Test {
 protected:
  TlsServerOptions options(CertificateWish wish, TlsManners manners = TlsManners::echo) const {
    return {.identity = authority.issue(wish), .manners = manners};
  }
  std::shared_ptr<TlsContext> trusting() const {
    return std::make_shared<TlsContext>(TlsOptions{.ca_file = root.path()});
  }
  Visit to(const TlsServer& server) const { return {.port = server.port(), .context = trusting()}; }
  std::string failure_to(CertificateWish wish, std::string name) const {
    const TlsServer server(options(std::move(wish)));
    Visit wanted = to(server);
    wanted.name = std::move(name);
    wanted.to_send = "hi";
    wanted.to_receive = 2;
    return outcome_of(wanted).error;
  }
  const Authority authority;
  const TemporaryFile root{authority.certificate()};
  const CertificateWish here{.dns_names = {"web.example"}, .addresses = {"127.0.0.1", "::1"}};
};

TEST_F(Tls, carries_bytes_both_ways_whatever_their_number) {
  TlsServer server(options(here));
  Visit wish = to(server);
  for (int i = 0; i < 300'000; ++i) wish.to_send += static_cast<char>('a' + i % 26);
  wish.to_receive = wish.to_send.size();
  const Outcome outcome = outcome_of(wish);
  EXPECT_EQ(outcome.error, "");
  EXPECT_TRUE(outcome.received == wish.to_send);
  server.stop();
  ASSERT_EQ(server.seen().size(), 1u);
  EXPECT_EQ(server.seen()[0].version, "TLSv1.3");
  EXPECT_TRUE(server.seen()[0].goodbye);
}

TEST_F(Tls, speaks_1_2_with_servers_that_know_no_better) {
  TlsServerOptions old = options(here);
  old.version_max = TLS1_2_VERSION;
  TlsServer server(std::move(old));
  Visit wish = to(server);
  wish.to_send = "hello";
  wish.to_receive = 5;
  EXPECT_EQ(outcome_of(wish).received, "hello");
  server.stop();
  EXPECT_EQ(server.seen().at(0).version, "TLSv1.2");
}

TEST_F(Tls, does_not_speak_1_1) {
  TlsServerOptions old = options(here);
  old.version_max = TLS1_1_VERSION;
  const TlsServer server(std::move(old));
  EXPECT_EQ(outcome_of(to(server)).error, "remote error: tls: protocol version not supported");
}

TEST_F(Tls, asks_for_names_and_not_for_addresses) {
  TlsServer server(options(here, TlsManners::http));
  Visit wish = to(server);
  wish.to_send = "\r\n\r\n";
  EXPECT_EQ(outcome_of(wish).error, "");
  wish.name = "web.example.";
  EXPECT_EQ(outcome_of(wish).error, "");
  server.stop();
  ASSERT_EQ(server.seen().size(), 2u);
  EXPECT_EQ(server.seen()[0].name, "");
  EXPECT_EQ(server.seen()[1].name, "web.example");
}

TEST_F(Tls, refuses_certificates_for_somebody_else) {
  struct Case {
    CertificateWish wish;
    std::string name;
    std::string fault;
  };
  const std::vector<Case> cases = {
      {here, "other.example", "certificate is valid for web.example, not other.example"},
      {here, "127.0.0.2", "certificate is valid for 127.0.0.1, ::1, not 127.0.0.2"},
      {{.dns_names = {"a.example", "b.example"}},
       "example",
       "certificate is valid for a.example, b.example, not example"},
      {{.dns_names = {"*.example"}},
       "a.b.example",
       "certificate is valid for *.example, not a.b.example"},
      {{.dns_names = {"127.0.0.1"}},
       "127.0.0.1",
       "cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs"},
      {{.addresses = {"127.0.0.1"}},
       "web.example",
       "certificate is not valid for any names, but wanted to match web.example"},
      // What the subject says does not count.
      {{},
       "Test Server",
       "certificate is not valid for any names, but wanted to match Test Server"},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(failure_to(one.wish, one.name),
              "tls: failed to verify certificate: x509: " + one.fault);
  }
}

TEST_F(Tls, accepts_wildcards_of_one_label_and_addresses_of_both_families) {
  EXPECT_EQ(failure_to({.dns_names = {"*.web.example"}}, "a.web.example"), "");
  EXPECT_EQ(failure_to(here, "::1"), "");
}

TEST_F(Tls, counts_names_that_are_too_many_to_show) {
  CertificateWish wish;
  for (int i = 0; i < 101; ++i) wish.dns_names.push_back("n" + std::to_string(i) + ".example");
  EXPECT_EQ(failure_to(wish, "other"),
            "tls: failed to verify certificate: x509: certificate is valid for 101 names, but none "
            "matched other");
}

TEST_F(Tls, refuses_certificates_before_and_after_their_time) {
  CertificateWish late = here;
  late.first_day = -9;
  late.last_day = -2;
  const std::string begin =
      "tls: failed to verify certificate: x509: certificate has expired or is not yet valid: "
      "current time ";
  const std::string expired = failure_to(late, "web.example");
  EXPECT_TRUE(expired.starts_with(begin)) << expired;
  EXPECT_TRUE(expired.contains("Z is after 2")) << expired;
  CertificateWish early = here;
  early.first_day = 2;
  early.last_day = 9;
  const std::string unborn = failure_to(early, "web.example");
  EXPECT_TRUE(unborn.starts_with(begin)) << unborn;
  EXPECT_TRUE(unborn.contains("Z is before 2")) << unborn;
}

TEST_F(Tls, refuses_unknown_authorities) {
  const std::string unknown =
      "tls: failed to verify certificate: x509: certificate signed by unknown authority";
  const TlsServer alone({.identity = Authority::self_signed(here)});
  EXPECT_EQ(outcome_of(to(alone)).error, unknown);
  // Of the same name as the one that is trusted.
  const TlsServer stranger({.identity = Authority().issue(here)});
  EXPECT_EQ(outcome_of(to(stranger)).error, unknown);
  Visit by_the_system = to(stranger);
  by_the_system.context = std::make_shared<TlsContext>();
  EXPECT_EQ(outcome_of(by_the_system).error, unknown);
}

TEST_F(Tls, accepts_anybody_when_told_not_to_verify) {
  const TlsServer server({.identity = Authority::self_signed({.dns_names = {"x"}, .last_day = 0})});
  Visit wish{.port = server.port(),
             .context = std::make_shared<TlsContext>(TlsOptions{.verify = false}),
             .to_send = "hi",
             .to_receive = 2};
  EXPECT_EQ(outcome_of(wish).received, "hi");
  wish.name = "";
  EXPECT_EQ(outcome_of(wish).received, "hi");
}

TEST_F(Tls, does_not_verify_without_a_name) {
  const TlsServer server(options(here));
  Visit wish = to(server);
  wish.name = "";
  EXPECT_EQ(outcome_of(wish).error,
            "tls: either ServerName or InsecureSkipVerify must be specified in the tls.Config");
}

TEST_F(Tls, trusts_every_file_of_a_directory) {
  const TlsServer server(options(here));
  Visit wish = to(server);
  wish.context = std::make_shared<TlsContext>(TlsOptions{.ca_path = root.directory()});
  wish.to_send = "hi";
  wish.to_receive = 2;
  EXPECT_EQ(outcome_of(wish).received, "hi");
}

TEST_F(Tls, names_files_that_cannot_be_used) {
  const TlsServer server(options(here));
  const TemporaryFile rubbish("rubbish");
  struct Case {
    TlsOptions options;
    std::string begin;
  };
  const std::vector<Case> cases = {
      {{.ca_file = "/no/such"}, "Error loading CA File: /no/such: No such file or directory"},
      {{.ca_file = rubbish.path()}, "Error loading CA File: " + rubbish.path() + ": "},
      {{.ca_path = "/no/such"}, "Error loading CA Path: /no/such: No such file or directory"},
      {{.certificate_file = "/no/such"},
       "both client cert and client key must be provided, or neither"},
      {{.certificate_file = "/no/such", .key_file = "/no/such"},
       "Error loading client cert /no/such: No such file or directory"},
      {{.certificate_file = root.path(), .key_file = rubbish.path()},
       "Error loading client key " + rubbish.path() + ": "},
  };
  for (const Case& one : cases) {
    Visit wish = to(server);
    wish.context = std::make_shared<TlsContext>(one.options);
    const std::string error = outcome_of(wish).error;
    EXPECT_TRUE(error.starts_with(one.begin)) << error;
  }
}

TEST_F(Tls, shows_its_own_certificate_when_asked) {
  TlsServerOptions strict = options(here, TlsManners::http);
  strict.client_authority = authority.certificate();
  strict.version_max = TLS1_2_VERSION;
  const TlsServer server(std::move(strict));
  Visit wish = to(server);
  wish.to_send = "\r\n\r\n";
  EXPECT_EQ(outcome_of(wish).error, "remote error: tls: handshake failure");
  const Identity own = authority.issue({.dns_names = {"client"}});
  const TemporaryFile certificate(own.certificate);
  const TemporaryFile key(own.key);
  wish.context = std::make_shared<TlsContext>(TlsOptions{
      .ca_file = root.path(), .certificate_file = certificate.path(), .key_file = key.path()});
  EXPECT_EQ(outcome_of(wish).error, "");
}

TEST_F(Tls, takes_a_connection_closed_without_goodbye_as_the_end) {
  const TlsServer server(options(here, TlsManners::http_abrupt));
  Visit wish = to(server);
  wish.to_send = "GET / HTTP/1.1\r\n\r\n";
  const Outcome outcome = outcome_of(wish);
  EXPECT_TRUE(outcome.received.ends_with("fine")) << outcome.received;
  EXPECT_EQ(outcome.error, "");
}

TEST_F(Tls, tells_servers_that_do_not_speak_tls) {
  const TlsServer plain({.manners = TlsManners::plain_http});
  const Outcome answered = outcome_of(to(plain));
  EXPECT_EQ(answered.error, "tls: first record does not look like a TLS handshake");
  EXPECT_TRUE(answered.peer_speaks_http);
  const TlsServer rude({.manners = TlsManners::hang_up});
  EXPECT_EQ(outcome_of(to(rude)).error, "EOF");
}

TEST_F(Tls, gives_up_a_handshake_at_the_deadline) {
  const TlsServer server({.manners = TlsManners::silent});
  Visit wish = to(server);
  wish.patience = 50ms;
  const Outcome outcome = outcome_of(wish);
  EXPECT_EQ(outcome.error, "TLS handshake timeout");
  EXPECT_TRUE(outcome.timed_out);
}

TEST_F(Tls, gives_up_reading_at_the_deadline) {
  const TlsServer server(options(here));
  Visit wish = to(server);
  wish.patience = 300ms;
  const Outcome outcome = outcome_of(wish);
  EXPECT_TRUE(outcome.timed_out);
  EXPECT_NE(outcome.error, "");
}

TEST(Connection, without_tls_carries_bytes_and_ends) {
  const TlsServer server({.manners = TlsManners::plain_http});
  const Outcome outcome = outcome_of({.port = server.port(), .host = "localhost", .to_send = "hi"});
  EXPECT_EQ(outcome.error, "");
  EXPECT_TRUE(outcome.received.starts_with("HTTP/1.1 400 ")) << outcome.received;
}

TEST(Connection, tells_what_it_could_not_reach) {
  std::uint16_t port = 0;
  {
    const TlsServer gone({.manners = TlsManners::silent});
    port = gone.port();
  }
  const std::string where = "127.0.0.1:" + std::to_string(port);
  EXPECT_EQ(outcome_of({.port = port}).error,
            "dial tcp " + where + ": connect: connection refused");
  EXPECT_EQ(outcome_of({.port = 1, .host = "a..b"}).error, "dial tcp: lookup a..b: no such host");
}

TEST(Connection, that_does_not_come_up_ends_at_the_deadline) {
  const FullListener full;
  const Outcome outcome = outcome_of({.port = full.port(), .patience = 100ms});
  EXPECT_TRUE(outcome.timed_out);
  EXPECT_EQ(outcome.error, "dial tcp 127.0.0.1:" + std::to_string(full.port()) + ": i/o timeout");
}

Task<void> say_and_stop(Loop& loop, std::uint16_t port, std::string* error) {
  const auto connection = Connection::create(loop, system_clock().boot_now() + 10s);
  Result<void> done = co_await connection->dial_tcp("127.0.0.1", port);
  if (done) done = co_await connection->write("late");
  connection->close();
  if (!done) *error = done.error().message;
  loop.stop();
}

TEST(Connection, that_takes_its_time_to_come_up_is_as_good) {
  FullListener full;
  Loop loop("net");
  std::string error;
  Descriptor first;
  loop.spawn("say", say_and_stop(loop, full.port(), &error));
  // After it has dialled.
  loop.post([&] { first = full.accept(); });
  loop.run();
  EXPECT_EQ(error, "");
  const Descriptor second = full.accept();
  std::string received(8, ' ');
  received.resize(static_cast<std::size_t>(::read(second.get(), received.data(), 8)));
  EXPECT_EQ(received, "late");
}

}  // namespace
}  // namespace conclave
