#include "base/core/hash.h"

#include <gtest/gtest.h>

#include <bit>
#include <set>

#include "base/core/text.h"

namespace conclave {
namespace {

// The values are part of the state hash (docs/formats.md): they may never change.
TEST(Hash64, is_fixed_for_ever) {
  const struct {
    std::string_view bytes;
    std::uint64_t hash;
    std::uint64_t with_seed_7;
  } cases[] = {
      {"", 0x604a3ead9c01407d, 0xb781bb1b07897325},
      {"a", 0xd72902f551579ed1, 0x4f8a9694397a6ccd},
      {"12345678", 0x5ef09031a65b7cfb, 0x1b62651c9b29b0c5},
      {"123456789", 0x7feb39f20aae2ffc, 0x308ae7b9ed801300},
      {"0123456789abcdef", 0xf7eeedc286e8c17d, 0xd31f53f5bb84ad96},
      {"0123456789abcdef0", 0x9cf1e42db0803321, 0x126b4a5c59541a99},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(hash64(c.bytes), c.hash) << c.bytes;
    EXPECT_EQ(hash64(c.bytes, 7), c.with_seed_7) << c.bytes;
  }
}

TEST(Hash64, tells_lengths_of_zero_bytes_apart) {
  std::set<std::uint64_t> seen;
  const std::string zeros(100, '\0');
  for (std::size_t size = 0; size <= zeros.size(); ++size) {
    EXPECT_TRUE(seen.insert(hash64(std::string_view(zeros).substr(0, size))).second) << size;
  }
}

TEST(Hash64, one_flipped_bit_changes_about_half_of_the_result) {
  for (const std::size_t size : {1u, 7u, 8u, 9u, 16u, 17u, 33u}) {
    std::string bytes(size, 'x');
    const std::uint64_t before = hash64(bytes);
    int changed = 0;
    for (std::size_t bit = 0; bit < size * 8; ++bit) {
      std::string flipped = bytes;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
      changed += std::popcount(hash64(flipped) ^ before);
    }
    const int mean = changed / static_cast<int>(size * 8);
    EXPECT_GT(mean, 24) << size;
    EXPECT_LT(mean, 40) << size;
  }
}

// FIPS 180-2, appendix B.
TEST(Sha256, has_the_published_values) {
  EXPECT_EQ(encode_hex(sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(encode_hex(sha256("")),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Hash128, is_the_first_half_of_sha256) {
  EXPECT_EQ(encode_hex(hash128("abc")), "ba7816bf8f01cfea414140de5dae2223");
}

}  // namespace
}  // namespace conclave
