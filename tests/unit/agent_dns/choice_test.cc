// Oracle: the definition of weighted choice without replacement.

#include "agent/dns/choice.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>

namespace conclave::dns {
namespace {

TEST(Choice, gives_each_position_once) {
  Rng rng(1);
  const std::array<std::uint32_t, 5> weights = {1, 7, 0, 3, 3};
  for (std::size_t count = 0; count <= 6; ++count) {
    const auto chosen = choose_weighted(weights, count, rng);
    EXPECT_EQ(chosen.size(), std::min<std::size_t>(count, 5));
    EXPECT_EQ(std::set<std::uint32_t>(chosen.begin(), chosen.end()).size(), chosen.size());
    EXPECT_EQ(choose_evenly(5, count, rng).size(), chosen.size());
  }
  EXPECT_TRUE(choose_weighted({}, 3, rng).empty());
}

TEST(Choice, follows_weights) {
  Rng rng(2);
  const std::array<std::uint32_t, 3> weights = {1, 3, 6};
  std::array<int, 3> first{};
  for (int n = 0; n < 10'000; ++n) ++first[choose_weighted(weights, 1, rng).front()];
  EXPECT_NEAR(first[0], 1'000, 150);
  EXPECT_NEAR(first[1], 3'000, 250);
  EXPECT_NEAR(first[2], 6'000, 250);
}

TEST(Choice, is_even_among_equals) {
  Rng rng(3);
  const std::array<std::uint32_t, 4> weights = {5, 5, 5, 5};
  std::array<int, 4> first{};
  for (int n = 0; n < 10'000; ++n) ++first[choose_weighted(weights, 2, rng).front()];
  for (const int count : first) EXPECT_NEAR(count, 2'500, 250);
}

TEST(Choice, puts_no_weight_last) {
  Rng rng(4);
  const std::array<std::uint32_t, 3> weights = {0, 1, 2};
  for (int n = 0; n < 100; ++n) EXPECT_EQ(choose_weighted(weights, 3, rng).back(), 0u);
}

}  // namespace
}  // namespace conclave::dns
