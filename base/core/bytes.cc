#include "base/core/bytes.h"

#include <bit>
#include <cstring>

namespace conclave {
namespace {

static_assert(std::endian::native == std::endian::little, "loads below assume a little-endian CPU");

template <class T>
void append_raw(std::string& out, T value) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out.append(bytes, sizeof(T));
}

template <class T>
T load_raw(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}

}  // namespace

void append_u8(std::string& out, std::uint8_t value) { out.push_back(static_cast<char>(value)); }
void append_u16_be(std::string& out, std::uint16_t value) {
  append_raw(out, __builtin_bswap16(value));
}
void append_u32_be(std::string& out, std::uint32_t value) {
  append_raw(out, __builtin_bswap32(value));
}
void append_u64_be(std::string& out, std::uint64_t value) {
  append_raw(out, __builtin_bswap64(value));
}
void append_u32_le(std::string& out, std::uint32_t value) { append_raw(out, value); }
void append_u64_le(std::string& out, std::uint64_t value) { append_raw(out, value); }

void append_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

void append_sized(std::string& out, std::string_view bytes) {
  append_varint(out, bytes.size());
  out.append(bytes);
}

std::uint32_t load_u32_be(const char* at) { return __builtin_bswap32(load_raw<std::uint32_t>(at)); }
std::uint64_t load_u64_be(const char* at) { return __builtin_bswap64(load_raw<std::uint64_t>(at)); }
std::uint32_t load_u32_le(const char* at) { return load_raw<std::uint32_t>(at); }
std::uint64_t load_u64_le(const char* at) { return load_raw<std::uint64_t>(at); }

std::string_view ByteReader::take(std::size_t size) {
  if (!ok_ || size > rest_.size()) {
    set_failed();
    return {};
  }
  std::string_view taken = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return taken;
}

std::uint8_t ByteReader::u8() {
  std::string_view bytes = take(1);
  return ok_ ? static_cast<std::uint8_t>(bytes[0]) : std::uint8_t{0};
}

std::uint16_t ByteReader::u16_be() {
  std::string_view bytes = take(2);
  return ok_ ? __builtin_bswap16(load_raw<std::uint16_t>(bytes.data())) : std::uint16_t{0};
}

std::uint32_t ByteReader::u32_be() {
  std::string_view bytes = take(4);
  return ok_ ? load_u32_be(bytes.data()) : 0;
}

std::uint64_t ByteReader::u64_be() {
  std::string_view bytes = take(8);
  return ok_ ? load_u64_be(bytes.data()) : 0;
}

std::uint32_t ByteReader::u32_le() {
  std::string_view bytes = take(4);
  return ok_ ? load_u32_le(bytes.data()) : 0;
}

std::uint64_t ByteReader::u64_le() {
  std::string_view bytes = take(8);
  return ok_ ? load_u64_le(bytes.data()) : 0;
}

std::uint64_t ByteReader::varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const std::uint8_t byte = u8();
    if (!ok_) return 0;
    // The tenth byte has room for one bit only; more would overflow and have two spellings.
    if (shift == 63 && byte > 1) break;
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  set_failed();
  return 0;
}

std::string_view ByteReader::sized() {
  const std::uint64_t size = varint();
  if (!ok_ || size > rest_.size()) {
    set_failed();
    return {};
  }
  return take(static_cast<std::size_t>(size));
}

}  // namespace conclave
