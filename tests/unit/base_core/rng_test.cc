#include "base/core/rng.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>

namespace conclave {
namespace {

// xoshiro256** seeded through SplitMix64; seeds printed by old failures must go on meaning the
// same.
TEST(Rng, gives_the_same_numbers_everywhere) {
  Rng zero(0);
  EXPECT_EQ(zero.next(), 0x99ec5f36cb75f2b4u);
  EXPECT_EQ(zero.next(), 0xbf6e1f784956452au);
  EXPECT_EQ(zero.next(), 0x1a5f849d4933e6e0u);
  Rng other(42);
  EXPECT_EQ(other.next(), 0x15780b2e0c2ec716u);
  EXPECT_EQ(other.next(), 0x6104d9866d113a7eu);
}

TEST(Rng, below_reaches_every_number_and_no_other) {
  Rng rng(3);
  std::array<int, 5> seen{};
  for (int i = 0; i < 1000; ++i) ++seen.at(rng.below(5));
  for (const int times : seen) EXPECT_GT(times, 100);
  EXPECT_EQ(rng.below(1), 0u);
}

TEST(Rng, between_includes_both_ends) {
  Rng rng(4);
  bool low = false;
  bool high = false;
  for (int i = 0; i < 200; ++i) {
    const std::uint64_t drawn = rng.between(10, 12);
    ASSERT_GE(drawn, 10u);
    ASSERT_LE(drawn, 12u);
    low = low || drawn == 10;
    high = high || drawn == 12;
  }
  EXPECT_TRUE(low && high);
  EXPECT_EQ(rng.between(7, 7), 7u);
}

TEST(Rng, between_covers_all_of_64_bits) {
  Rng a(5);
  Rng b(5);
  EXPECT_EQ(a.between(0, std::numeric_limits<std::uint64_t>::max()), b.next());
}

TEST(Rng, chance_is_a_share_of_the_draws) {
  Rng rng(6);
  int hits = 0;
  for (int i = 0; i < 1000; ++i) hits += rng.chance(1, 4) ? 1 : 0;
  EXPECT_GT(hits, 180);
  EXPECT_LT(hits, 320);
  EXPECT_FALSE(rng.chance(0, 3));
  EXPECT_TRUE(rng.chance(3, 3));
}

}  // namespace
}  // namespace conclave
