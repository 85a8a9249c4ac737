#include "base/core/bytes.h"

#include <gtest/gtest.h>

#include <limits>

namespace conclave {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

std::string varint_of(std::uint64_t value) {
  std::string out;
  append_varint(out, value);
  return out;
}

TEST(Bytes, big_endian_integers_sort_as_their_bytes) {
  std::string out;
  append_u8(out, 0x01);
  append_u16_be(out, 0x0203);
  append_u32_be(out, 0x04050607);
  append_u64_be(out, 0x08090a0b0c0d0e0f);
  EXPECT_EQ(out, "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"s);
}

TEST(Bytes, little_endian_integers_begin_with_the_least_byte) {
  std::string out;
  append_u32_le(out, 0x04030201);
  append_u64_le(out, 0x0c0b0a0908070605);
  EXPECT_EQ(out, "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c"s);
  EXPECT_EQ(load_u32_le(out.data()), 0x04030201u);
  EXPECT_EQ(load_u64_le(out.data() + 4), 0x0c0b0a0908070605u);
}

TEST(Bytes, what_was_appended_is_read_back) {
  std::string out;
  append_u8(out, 0xfe);
  append_u16_be(out, 0xfedc);
  append_u32_be(out, 0xfedcba98);
  append_u64_be(out, 0xfedcba9876543210);
  append_u32_le(out, 0xfedcba98);
  append_u64_le(out, 0xfedcba9876543210);
  append_varint(out, 300);
  append_sized(out, "a\0b"sv);
  ByteReader reader(out);
  EXPECT_EQ(reader.u8(), 0xfe);
  EXPECT_EQ(reader.u16_be(), 0xfedc);
  EXPECT_EQ(reader.u32_be(), 0xfedcba98u);
  EXPECT_EQ(reader.u64_be(), 0xfedcba9876543210u);
  EXPECT_EQ(reader.u32_le(), 0xfedcba98u);
  EXPECT_EQ(reader.u64_le(), 0xfedcba9876543210u);
  EXPECT_EQ(reader.varint(), 300u);
  EXPECT_EQ(reader.sized(), "a\0b"sv);
  EXPECT_TRUE(reader.ok());
  EXPECT_TRUE(reader.at_end());
}

TEST(Varint, has_the_bytes_of_the_protobuf_encoding) {
  const struct {
    std::uint64_t value;
    std::string bytes;
  } cases[] = {
      {0, "\x00"s},
      {1, "\x01"s},
      {127, "\x7f"s},
      {128, "\x80\x01"s},
      {300, "\xac\x02"s},
      {16383, "\xff\x7f"s},
      {16384, "\x80\x80\x01"s},
      {std::uint64_t{1} << 63, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"s},
      {std::numeric_limits<std::uint64_t>::max(), "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(varint_of(c.value), c.bytes) << c.value;
    ByteReader reader(c.bytes);
    EXPECT_EQ(reader.varint(), c.value);
    EXPECT_TRUE(reader.ok() && reader.at_end()) << c.value;
  }
}

TEST(Varint, that_does_not_fit_64_bits_is_refused) {
  for (const std::string& bytes : {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"s,
                                   "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"s}) {
    ByteReader reader(bytes);
    EXPECT_EQ(reader.varint(), 0u);
    EXPECT_FALSE(reader.ok());
  }
}

TEST(Varint, cut_anywhere_is_refused) {
  const std::string whole = varint_of(std::numeric_limits<std::uint64_t>::max());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    ByteReader reader(std::string_view(whole).substr(0, size));
    EXPECT_EQ(reader.varint(), 0u) << size;
    EXPECT_FALSE(reader.ok()) << size;
  }
}

TEST(ByteReader, a_failed_read_fails_for_good_and_reads_nothing) {
  ByteReader reader("\x01\x02\x03"sv);
  EXPECT_EQ(reader.u32_be(), 0u);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.u8(), 0u);
  EXPECT_EQ(reader.take(0), "");
  EXPECT_EQ(reader.rest(), "");
  EXPECT_FALSE(reader.ok());
}

TEST(ByteReader, a_length_beyond_the_end_fails_without_a_read) {
  std::string bytes = varint_of(std::numeric_limits<std::uint64_t>::max());
  bytes += "abc";
  ByteReader reader(bytes);
  EXPECT_EQ(reader.sized(), "");
  EXPECT_FALSE(reader.ok());
}

TEST(ByteReader, every_fixed_read_is_bounded) {
  const std::string bytes(7, '\x55');
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const std::string_view cut(bytes.data(), size);
    const auto ok_after = [cut](auto read) {
      ByteReader reader(cut);
      read(reader);
      return reader.ok();
    };
    EXPECT_EQ(ok_after([](ByteReader& r) { r.u8(); }), size >= 1);
    EXPECT_EQ(ok_after([](ByteReader& r) { r.u16_be(); }), size >= 2);
    EXPECT_EQ(ok_after([](ByteReader& r) { r.u32_be(); }), size >= 4);
    EXPECT_EQ(ok_after([](ByteReader& r) { r.u32_le(); }), size >= 4);
    EXPECT_FALSE(ok_after([](ByteReader& r) { r.u64_be(); }));
    EXPECT_FALSE(ok_after([](ByteReader& r) { r.u64_le(); }));
  }
}

}  // namespace
}  // namespace conclave
