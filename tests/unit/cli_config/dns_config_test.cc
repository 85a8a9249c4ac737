// Oracle: contract 15.2 and 16.2 (dns_config, recursors, domains).

#include <gtest/gtest.h>

#include "cli/config/load_config.h"

namespace conclave::cli {
namespace {

using namespace std::chrono_literals;

/// A server, told that in HCL.
Result<AgentConfig> load(const std::string& text) {
  const std::vector<GivenFlag> flags = {{"hcl", text}, {"data-dir", "/nowhere"}};
  return load_agent_config(flags, {.name = "host", .interfaces = {}});
}

std::string error_of(const std::string& text) {
  const auto config = load(text);
  return config ? "no error" : config.error().message;
}

TEST(DnsConfig, has_consuls_defaults) {
  const auto config = load("");
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->ports.dns, 8600);
  EXPECT_EQ(config->dns_addresses, TextList{"127.0.0.1"});
  EXPECT_EQ(config->dns.domain, "consul.");
  EXPECT_TRUE(config->dns.allow_stale);
  EXPECT_EQ(config->dns.max_stale, 87600h);
  EXPECT_EQ(config->dns.udp_answer_limit, 3u);
  EXPECT_EQ(config->dns.recursor_timeout, 2s);
  EXPECT_EQ(config->dns.soa.expire_s, 86400u);
  EXPECT_TRUE(config->dns.node_meta_txt);
}

TEST(DnsConfig, is_read_whole) {
  const auto config = load(R"(
    datacenter = "East"
    domain = "shop.test"
    alt_domain = "other.test."
    addresses { dns = "127.0.0.2 ::1" }
    ports { dns = 53 }
    recursors = ["192.0.2.1", "192.0.2.2:5353", "2001:db8::1", "[2001:db8::2]:54"]
    dns_config {
      allow_stale = false, max_stale = "5s", only_passing = true, node_ttl = "10s",
      service_ttl { Web = "1s", "*" = "2s" }, a_record_limit = 4, udp_answer_limit = 5,
      enable_truncate = true, disable_compression = true, node_meta_txt = false,
      recursor_strategy = "random", recursor_timeout = "1s",
      soa { refresh = 1, retry = 2, expire = 3, min_ttl = 4 }
    })");
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->ports.dns, 53);
  EXPECT_EQ(config->dns_addresses, (TextList{"127.0.0.2", "::1"}));
  const dns::DnsOptions& options = config->dns;
  EXPECT_EQ(options.datacenter, "east");
  EXPECT_EQ(options.domain, "shop.test");
  EXPECT_EQ(options.alt_domain, "other.test.");
  EXPECT_FALSE(options.allow_stale);
  EXPECT_EQ(options.max_stale, 5s);
  EXPECT_TRUE(options.only_passing);
  EXPECT_EQ(options.node_ttl_s, 10u);
  EXPECT_EQ(options.service_ttl_s, (std::map<std::string, std::uint32_t>{{"web", 1}, {"*", 2}}));
  EXPECT_EQ(options.a_record_limit, 4u);
  EXPECT_EQ(options.udp_answer_limit, 5u);
  EXPECT_TRUE(options.enable_truncate);
  EXPECT_TRUE(options.disable_compression);
  EXPECT_FALSE(options.node_meta_txt);
  EXPECT_EQ(options.recursors,
            (TextList{"192.0.2.1:53", "192.0.2.2:5353", "[2001:db8::1]:53", "[2001:db8::2]:54"}));
  EXPECT_EQ(options.recursor_strategy, dns::RecursorStrategy::random);
  EXPECT_EQ(options.soa.min_ttl_s, 4u);
  EXPECT_TRUE(config->warnings.empty());
}

TEST(DnsConfig, that_cannot_be_is_refused_with_its_place) {
  struct Row {
    const char* text;
    const char* error;
  };
  const Row rows[] = {
      {R"(recursors = ["dns.example.com"])",
       "flag -hcl: recursors: \"dns.example.com\" is not an IP address, or one with a port"},
      {R"(dns_config { recursor_strategy = "any" })",
       "flag -hcl: dns_config.recursor_strategy: invalid strategy: \"any\" (it must be "
       "\"sequential\" or \"random\")"},
      {"dns_config { udp_answer_limit = -1 }",
       "flag -hcl: dns_config.udp_answer_limit cannot be -1: it must be 0 to 2147483647"},
      {R"(domain = "a..b")", "flag -hcl: domain: \"a..b\" is not a domain name"},
      {R"(alt_domain = "Node.test")",
       "flag -hcl: alt_domain cannot start with \"node\", which means something in names"},
      {R"(dns_config { service_ttl { web = "5" } })",
       "flag -hcl: dns_config.service_ttl[web]: time: missing unit in duration \"5\""},
      {R"(dns_config { node_ttl = "-5s" })",
       "flag -hcl: dns_config.node_ttl: -5s is not a time to live"},
      {R"(addresses { dns = "localhost" })",
       "flag -hcl: addresses.dns: \"localhost\" is not an IP address"},
  };
  for (const Row& row : rows) EXPECT_EQ(error_of(row.text), row.error);
}

}  // namespace
}  // namespace conclave::cli
