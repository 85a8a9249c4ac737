#include "base/core/crc32c.h"

#include <gtest/gtest.h>

#include <string>

#include "base/core/rng.h"

namespace conclave {
namespace {

std::string ascending(std::size_t size) {
  std::string bytes;
  for (std::size_t i = 0; i < size; ++i) bytes.push_back(static_cast<char>(i));
  return bytes;
}

// RFC 3720, appendix B.4, and the check value of the catalogue of CRCs.
TEST(Crc32c, has_the_published_values) {
  const std::string up = ascending(32);
  const std::string down(up.rbegin(), up.rend());
  const struct {
    std::string bytes;
    std::uint32_t crc;
  } cases[] = {
      {"", 0},
      {"123456789", 0xe3069283},
      {std::string(32, '\0'), 0x8a9136aa},
      {std::string(32, '\xff'), 0x62a8ab43},
      {up, 0x46dd794e},
      {down, 0x113fdb5c},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(crc32c(c.bytes), c.crc);
    EXPECT_EQ(crc32c_by_table(c.bytes), c.crc);
  }
}

TEST(Crc32c, continues_over_any_cut) {
  const std::string bytes = ascending(100);
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    const auto rest = std::string_view(bytes).substr(cut);
    EXPECT_EQ(crc32c(rest, crc32c(bytes.substr(0, cut))), crc32c(bytes)) << cut;
  }
}

TEST(Crc32c, instruction_and_table_agree_at_every_length_and_alignment) {
  Rng rng(1);
  std::string bytes;
  for (int i = 0; i < 300; ++i) bytes.push_back(static_cast<char>(rng.next()));
  for (std::size_t start = 0; start < 8; ++start) {
    for (std::size_t size = 0; size + start <= bytes.size(); size += 7) {
      const auto part = std::string_view(bytes).substr(start, size);
      EXPECT_EQ(crc32c(part), crc32c_by_table(part)) << start << " " << size;
    }
  }
}

TEST(Crc32c, every_flipped_bit_shows) {
  std::string bytes = ascending(40);
  const std::uint32_t whole = crc32c(bytes);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_NE(crc32c(bytes), whole) << bit;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
  }
}

}  // namespace
}  // namespace conclave
