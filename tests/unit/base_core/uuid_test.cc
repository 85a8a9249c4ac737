#include "base/core/uuid.h"

#include <gtest/gtest.h>

namespace conclave {
namespace {

TEST(Uuid, from_random_bytes_is_version_4_of_variant_1) {
  UuidBytes zeros{};
  EXPECT_EQ(uuid_from_random(zeros), "00000000-0000-4000-8000-000000000000");
  UuidBytes ones{};
  ones.fill(0xff);
  EXPECT_EQ(uuid_from_random(ones), "ffffffff-ffff-4fff-bfff-ffffffffffff");
}

TEST(Uuid, text_and_bytes_go_both_ways) {
  const std::string text = "01234567-89ab-cdef-0123-456789abcdef";
  const std::optional<UuidBytes> bytes = parse_uuid(text);
  ASSERT_TRUE(bytes.has_value());
  EXPECT_EQ(bytes->front(), 0x01);
  EXPECT_EQ(bytes->back(), 0xef);
  EXPECT_EQ(format_uuid(*bytes), text);
  EXPECT_EQ(parse_uuid("01234567-89AB-CDEF-0123-456789ABCDEF"), bytes);
}

TEST(Uuid, anything_else_is_refused) {
  for (const std::string_view text :
       {"", "01234567-89ab-cdef-0123-456789abcde", "01234567-89ab-cdef-0123-456789abcdef0",
        "01234567089ab-cdef-0123-456789abcdef", "0123456789abcdef0123456789abcdef",
        "{1234567-89ab-cdef-0123-456789abcde}", "g1234567-89ab-cdef-0123-456789abcdef",
        "0123456-789ab-cdef-0123-456789abcdef"}) {
    EXPECT_FALSE(is_uuid(text)) << text;
  }
  EXPECT_TRUE(is_uuid("00000000-0000-0000-0000-000000000000"));
}

}  // namespace
}  // namespace conclave
