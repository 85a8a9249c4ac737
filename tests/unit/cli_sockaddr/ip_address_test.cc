#include "cli/sockaddr/ip_address.h"

#include <gtest/gtest.h>

namespace conclave::cli::sockaddr {
namespace {

IpAddress ip(std::string_view text) { return IpAddress::parse(text).value(); }

TEST(IpAddress, texts_are_read_and_written) {
  for (const std::string_view text : {"0.0.0.0", "10.1.2.3", "255.255.255.255", "::", "::1",
                                      "fe80::1", "2001:db8::8:800:200c:417a"}) {
    EXPECT_EQ(ip(text).text(), text);
  }
  for (const std::string_view text : {"", "1.2.3", "1.2.3.256", "x", "::1%lo", "1.2.3.4/8"}) {
    EXPECT_FALSE(IpAddress::parse(text).has_value()) << text;
  }
}

TEST(IpAddress, networks_have_edges) {
  const Network lan = Network::parse("10.1.2.3/20").value();
  EXPECT_EQ(lan.mask().text(), "255.255.240.0");
  EXPECT_EQ(lan.first().text(), "10.1.0.0");
  EXPECT_EQ(lan.last().text(), "10.1.15.255");
  EXPECT_TRUE(lan.contains(ip("10.1.15.1")));
  EXPECT_FALSE(lan.contains(ip("10.1.16.1")));
  EXPECT_FALSE(lan.contains(ip("::1")));
  const Network local = Network::parse("fe80::1/64").value();
  EXPECT_EQ(local.last().text(), "fe80::ffff:ffff:ffff:ffff");
  EXPECT_TRUE(Network::parse("::/0")->contains(ip("ff02::1")));
  EXPECT_EQ(Network::parse("1.2.3.4")->prefix, 32);
  for (const std::string_view text : {"1.2.3.4/33", "::1/129", "1.2.3.4/", "/8", "1.2.3.4/-1"}) {
    EXPECT_FALSE(Network::parse(text).has_value()) << text;
  }
}

TEST(IpAddress, sums_wrap_at_the_width) {
  EXPECT_EQ(add(ip("10.0.0.255"), 1).text(), "10.0.1.0");
  EXPECT_EQ(add(ip("255.255.255.255"), 1).text(), "0.0.0.0");
  EXPECT_EQ(subtract(ip("10.0.1.0"), 256).text(), "10.0.0.0");
  EXPECT_EQ(subtract(ip("0.0.0.0"), 1).text(), "255.255.255.255");
  EXPECT_EQ(add(ip("::ffff:ffff:ffff:ffff"), 1).text(), "0:0:0:1::");
  EXPECT_EQ(subtract(ip("::"), 1).text(), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

}  // namespace
}  // namespace conclave::cli::sockaddr
