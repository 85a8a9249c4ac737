// Oracle: RFC 1035 2.3.4 and 3.1.

#include "agent/dns/name.h"

#include <gtest/gtest.h>

namespace conclave::dns {
namespace {

TEST(Names, are_made_of_text) {
  const std::string long_label(63, 'a');
  EXPECT_EQ(name_from_text("a.bc."), std::string("\1a\2bc\0", 6));
  EXPECT_EQ(name_from_text("a.bc"), name_from_text("a.bc."));
  EXPECT_EQ(name_from_text("."), std::string(1, '\0'));
  EXPECT_EQ(name_from_text(""), std::string(1, '\0'));
  EXPECT_TRUE(name_from_text(long_label + ".x").has_value());
  EXPECT_FALSE(name_from_text(long_label + "a.x").has_value());
  EXPECT_FALSE(name_from_text("a..b").has_value());
  EXPECT_FALSE(name_from_text(".a").has_value());
  EXPECT_FALSE(name_from_text("a..").has_value());
  const std::string four = long_label + "." + long_label + "." + long_label + ".";
  EXPECT_TRUE(name_from_text(four + std::string(61, 'b')).has_value());
  EXPECT_FALSE(name_from_text(four + std::string(62, 'b')).has_value());
}

TEST(Names, become_text) {
  EXPECT_EQ(name_text(*name_from_text("Web.service.consul")), "Web.service.consul.");
  EXPECT_EQ(name_text(std::string(1, '\0')), ".");
  EXPECT_EQ(name_text(std::string("\4a.\1\\\0", 6)), "a\\.\\001\\\\.");
}

TEST(Names, lie_in_domains) {
  const std::string domain = *name_from_text("consul");
  EXPECT_EQ(find_domain(*name_from_text("web.CONSUL"), domain), 4u);
  EXPECT_EQ(find_domain(domain, domain), 0u);
  EXPECT_EQ(find_domain(*name_from_text("consul.org"), domain), std::nullopt);
  EXPECT_EQ(find_domain(*name_from_text("myconsul"), domain), std::nullopt);
  EXPECT_EQ(find_domain(std::string(1, '\0'), domain), std::nullopt);
}

TEST(Names, have_labels) {
  EXPECT_EQ(labels_of(*name_from_text("a.bc.d")), (std::vector<std::string_view>{"a", "bc", "d"}));
  EXPECT_TRUE(labels_of(std::string(1, '\0')).empty());
  EXPECT_EQ(prepend_label("x", *name_from_text("y")), *name_from_text("x.y"));
  EXPECT_TRUE(is_name(*name_from_text("a.b")));
  EXPECT_FALSE(is_name("\1a"));
  EXPECT_FALSE(is_name(prepend_label(std::string(64, 'a'), *name_from_text("b"))));
}

}  // namespace
}  // namespace conclave::dns
