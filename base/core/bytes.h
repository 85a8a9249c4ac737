#pragma once

/// Bytes in and out of integers: fixed-width big-endian (keys, whose byte order is their sort
/// order) and little-endian (records), and protobuf's varints. Owned bytes are std::string,
/// borrowed bytes are std::string_view.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace conclave {

void append_u8(std::string& out, std::uint8_t value);
void append_u16_be(std::string& out, std::uint16_t value);
void append_u32_be(std::string& out, std::uint32_t value);
void append_u64_be(std::string& out, std::uint64_t value);
void append_u32_le(std::string& out, std::uint32_t value);
void append_u64_le(std::string& out, std::uint64_t value);
/// Base-128, least significant group first: 1 to 10 bytes.
void append_varint(std::string& out, std::uint64_t value);
/// A varint length, then the bytes.
void append_sized(std::string& out, std::string_view bytes);

std::uint32_t load_u32_be(const char* at);
std::uint64_t load_u64_be(const char* at);
std::uint32_t load_u32_le(const char* at);
std::uint64_t load_u64_le(const char* at);

/// Takes values off the front of borrowed bytes. Every read is bounded by what is left; after the
/// first failure ok() is false for good and every read returns zero or empty, so a decoder may read
/// a whole record and ask once. Nothing is ever allocated by a declared length.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  std::uint8_t u8();
  std::uint16_t u16_be();
  std::uint32_t u32_be();
  std::uint64_t u64_be();
  std::uint32_t u32_le();
  std::uint64_t u64_le();
  std::uint64_t varint();
  /// The next `size` bytes, borrowed.
  std::string_view take(std::size_t size);
  /// A varint length and that many bytes, borrowed.
  std::string_view sized();

  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }
  void set_failed() { ok_ = false, rest_ = {}; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace conclave
