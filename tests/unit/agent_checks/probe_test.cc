// Oracle: contract 7.3, against real sockets and processes on this machine.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "agent/checks/http_check.h"
#include "agent/checks/script_check.h"
#include "agent/checks/tcp_check.h"
#include "tests/unit/agent_checks/target.h"

namespace conclave::agent {
namespace {

using namespace std::chrono_literals;

api::CheckDefinition http_check(std::string url) {
  api::CheckDefinition check;
  check.http = std::move(url);
  return check;
}

api::CheckDefinition script(std::vector<std::string> args) {
  api::CheckDefinition check;
  check.args = std::move(args);
  return check;
}

class Probes : public testing::Test {
 protected:
  CheckResult http(api::CheckDefinition check, std::uint64_t limit = 4096) {
    return result_of(loop, probe_http(loop, shared(std::move(check)), limit, nullptr));
  }
  CheckResult tcp(std::string address, Nanos timeout = {}) {
    api::CheckDefinition check;
    check.tcp = std::move(address);
    check.timeout = timeout;
    return result_of(loop, probe_tcp(loop, shared(std::move(check)), nullptr));
  }
  CheckResult run(api::CheckDefinition check, std::uint64_t limit = 4096) {
    return result_of(loop, probe_script(loop, std::move(check), limit));
  }
  Loop loop{"agent"};
};

TEST_F(Probes, http_judges_by_the_status) {
  Target target(loop);
  struct Case {
    std::string status;
    CheckStatus expected;
  };
  const std::vector<Case> cases = {{"200 OK", CheckStatus::passing},
                                   {"204 No Content", CheckStatus::passing},
                                   {"299 Odd", CheckStatus::passing},
                                   {"429 Too Many Requests", CheckStatus::warning},
                                   {"404 Not Found", CheckStatus::critical},
                                   {"500 Internal Server Error", CheckStatus::critical}};
  for (const Case& one : cases) {
    target.answer(Target::http(one.status, ""));
    const CheckResult result = http(http_check(target.url()));
    EXPECT_EQ(result.status, one.expected) << one.status;
    EXPECT_EQ(result.output, "HTTP GET " + target.url() + ": " + one.status + " Output: ");
  }
}

TEST_F(Probes, http_shows_the_body_up_to_the_limit) {
  Target target(loop);
  target.answer(Target::http("200 OK", "0123456789"));
  EXPECT_EQ(http(http_check(target.url()), 4).output,
            "HTTP GET " + target.url() + ": 200 OK Output: 0123");
}

TEST_F(Probes, http_introduces_itself_as_consul_does) {
  Target target(loop);
  http(http_check(target.url("/health?x=1")));
  const std::string& head = target.requests().at(0);
  EXPECT_TRUE(head.starts_with("GET /health?x=1 HTTP/1.1\r\n")) << head;
  EXPECT_TRUE(head.contains("User-Agent: Consul Health Check\r\n")) << head;
  EXPECT_TRUE(head.contains("Accept: text/plain, text/*, */*\r\n")) << head;
  EXPECT_TRUE(head.contains("Host: " + target.host_port() + "\r\n")) << head;
}

TEST_F(Probes, http_sends_the_given_method_headers_and_host) {
  Target target(loop);
  api::CheckDefinition check = http_check(target.url());
  check.method = "POST";
  check.header = {{"X-Probe", {"a", "b"}}, {"Host", {"web.example"}}, {"User-Agent", {"me"}}};
  EXPECT_EQ(http(check).output, "HTTP POST " + target.url() + ": 200 OK Output: fine");
  const std::string& head = target.requests().at(0);
  EXPECT_TRUE(head.starts_with("POST / ")) << head;
  EXPECT_TRUE(head.contains("X-Probe: a\r\nX-Probe: b\r\n")) << head;
  EXPECT_TRUE(head.contains("Host: web.example\r\n")) << head;
  EXPECT_FALSE(head.contains("Host: 127.0.0.1")) << head;
  EXPECT_TRUE(head.contains("User-Agent: me\r\n")) << head;
  EXPECT_FALSE(head.contains("Consul Health Check")) << head;
}

TEST_F(Probes, http_follows_redirects_unless_told_not_to) {
  Target other(loop);
  Target target(loop);
  target.answer(Target::http("302 Found", "", "Location: " + other.url("/there") + "\r\n"));
  api::CheckDefinition check = http_check(target.url());
  EXPECT_EQ(http(check).status, CheckStatus::passing);
  EXPECT_EQ(other.requests().size(), 1u);
  check.disable_redirects = true;
  EXPECT_EQ(http(check).status, CheckStatus::critical);
  EXPECT_EQ(other.requests().size(), 1u);
}

TEST_F(Probes, http_is_not_led_to_other_hosts_when_told_so) {
  Target other(loop);
  Target target(loop);
  const auto probe = [&] {
    return result_of(loop, probe_http(loop, shared(http_check(target.url())), 4096, nullptr, true));
  };
  // Another port of the same host is the same host.
  target.answer(Target::http("302 Found", "", "Location: " + other.url("/there") + "\r\n"));
  EXPECT_EQ(probe().status, CheckStatus::passing);
  target.answer(Target::http("302 Found", "", "Location: /elsewhere\r\n"));
  target.answer_in_turn(
      {Target::http("302 Found", "", "Location: /there\r\n"), Target::http("200 OK", "")});
  EXPECT_EQ(probe().status, CheckStatus::passing);
  const std::string port = other.host_port().substr(9);
  for (const std::string host : {"localhost", "127.0.0.2", "169.254.1.1", "[fe80::1]"}) {
    target.answer(Target::http("302 Found", "", "Location: http://" + host + port + "/there\r\n"));
    const CheckResult result = probe();
    EXPECT_EQ(result.status, CheckStatus::critical);
    EXPECT_EQ(result.output,
              "Get \"http://" + host + port + "/there\": redirects to other hosts are not allowed");
  }
  EXPECT_EQ(other.requests().size(), 1u);
}

TEST_F(Probes, http_tells_a_refused_connection_as_go_does) {
  Target target(loop);
  target.close();
  const CheckResult result = http(http_check(target.url()));
  EXPECT_EQ(result.status, CheckStatus::critical);
  EXPECT_EQ(result.output, "Get \"" + target.url() + "\": dial tcp " + target.host_port() +
                               ": connect: connection refused");
}

TEST_F(Probes, http_gives_up_after_its_timeout) {
  Target target(loop);
  target.fall_silent();
  api::CheckDefinition check = http_check(target.url());
  check.timeout = 50ms;
  const CheckResult result = http(check);
  EXPECT_EQ(result.status, CheckStatus::critical);
  EXPECT_TRUE(result.output.starts_with("Get \"" + target.url() + "\": ")) << result.output;
}

TEST_F(Probes, tcp_passes_when_the_connection_comes_up) {
  Target target(loop);
  const CheckResult result = tcp(target.host_port());
  EXPECT_EQ(result.status, CheckStatus::passing);
  EXPECT_EQ(result.output, "TCP connect " + target.host_port() + ": Success");
}

TEST_F(Probes, tcp_resolves_names) {
  Target target(loop);
  const std::string address = "localhost" + target.host_port().substr(9);
  EXPECT_EQ(tcp(address).output, "TCP connect " + address + ": Success");
}

TEST_F(Probes, tcp_is_critical_when_refused) {
  Target target(loop);
  target.close();
  const CheckResult result = tcp(target.host_port());
  EXPECT_EQ(result.status, CheckStatus::critical);
  EXPECT_EQ(result.output, "dial tcp " + target.host_port() + ": connect: connection refused");
}

TEST_F(Probes, tcp_names_an_address_without_port_and_a_name_that_does_not_exist) {
  EXPECT_EQ(tcp("localhost").output, "dial tcp: address localhost: missing port in address");
  EXPECT_EQ(tcp("a..b:80").output, "dial tcp: lookup a..b: no such host");
}

TEST_F(Probes, no_check_asks_the_cloud_for_its_secrets) {
  for (const std::string host :
       {"169.254.169.254", "[fd00:ec2::254]", "[::ffff:169.254.169.254]"}) {
    const std::string address = host + ":80";
    EXPECT_TRUE(tcp(address).output.ends_with(": this address is not for checks")) << address;
    const CheckResult result = http(http_check("http://" + address + "/latest/meta-data"));
    EXPECT_EQ(result.status, CheckStatus::critical);
    EXPECT_TRUE(result.output.ends_with(": this address is not for checks")) << result.output;
  }
  Target target(loop);
  target.answer(Target::http("302 Found", "", "Location: http://169.254.169.254/\r\n"));
  EXPECT_EQ(http(http_check(target.url())).output,
            "Get \"http://169.254.169.254/\": dial tcp 169.254.169.254:80: this address is not for "
            "checks");
}

TEST_F(Probes, script_judges_by_the_exit_code) {
  EXPECT_EQ(run(script({"/bin/sh", "-c", "exit 0"})).status, CheckStatus::passing);
  EXPECT_EQ(run(script({"/bin/sh", "-c", "exit 1"})).status, CheckStatus::warning);
  EXPECT_EQ(run(script({"/bin/sh", "-c", "exit 2"})).status, CheckStatus::critical);
  EXPECT_EQ(run(script({"/bin/sh", "-c", "kill -9 $$"})).status, CheckStatus::critical);
}

TEST_F(Probes, script_shows_standard_output_and_error) {
  EXPECT_EQ(run(script({"/bin/sh", "-c", "echo out; echo err >&2"})).output, "out\nerr\n");
}

TEST_F(Probes, script_keeps_the_tail_and_says_how_much_is_missing) {
  EXPECT_EQ(run(script({"/bin/sh", "-c", "printf 0123456789"}), 4).output,
            "Captured 4 of 10 bytes\n...\n6789");
}

TEST_F(Probes, script_is_killed_at_its_timeout) {
  api::CheckDefinition check = script({"/bin/sh", "-c", "echo begun; exec sleep 60"});
  check.timeout = 200ms;
  const CheckResult result = run(check);
  EXPECT_EQ(result.status, CheckStatus::critical);
  EXPECT_TRUE(result.output.starts_with("Timed out (200ms) running check")) << result.output;
}

TEST_F(Probes, script_that_cannot_be_started_is_critical_and_names_the_program) {
  const CheckResult result = run(script({"/no/such/program"}));
  EXPECT_EQ(result.status, CheckStatus::critical);
  EXPECT_TRUE(result.output.contains("/no/such/program")) << result.output;
}

}  // namespace
}  // namespace conclave::agent
