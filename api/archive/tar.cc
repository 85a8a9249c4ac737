#include "api/archive/tar.h"

#include <fmt/format.h>

#include <cstring>

#include "base/core/assert.h"

namespace conclave::api {
namespace {

constexpr std::size_t name_bytes = 100;
constexpr std::size_t size_at = 124;
constexpr std::size_t size_bytes = 12;
constexpr std::size_t checksum_at = 148;
constexpr std::size_t checksum_bytes = 8;
constexpr std::size_t kind_at = 156;
/// What 11 octal digits can say.
constexpr std::uint64_t octal_max = (1ull << 33) - 1;
constexpr char base_256_mark = '\x80';

/// All bytes added up, those of the checksum as spaces.
std::uint32_t checksum(std::string_view block) {
  std::uint32_t sum = 0;
  for (std::size_t at = 0; at < block.size(); ++at) {
    const bool own = at >= checksum_at && at < checksum_at + checksum_bytes;
    sum += own ? ' ' : static_cast<unsigned char>(block[at]);
  }
  return sum;
}

std::optional<std::uint64_t> read_octal(std::string_view text) {
  std::uint64_t value = 0;
  std::size_t at = 0;
  while (at < text.size() && text[at] == ' ') ++at;
  if (at == text.size()) return std::nullopt;
  for (; at < text.size() && text[at] != '\0' && text[at] != ' '; ++at) {
    if (text[at] < '0' || text[at] > '7') return std::nullopt;
    value = value * 8 + static_cast<std::uint64_t>(text[at] - '0');
  }
  return value;
}

std::optional<std::uint64_t> read_size(std::string_view text) {
  if (text.front() != base_256_mark) return read_octal(text);
  std::uint64_t value = 0;
  for (const char byte : text.substr(1)) {
    if (value >> 55 != 0) return std::nullopt;
    value = value << 8 | static_cast<unsigned char>(byte);
  }
  return value;
}

void write_at(std::string& block, std::size_t at, std::string_view text) {
  std::memcpy(block.data() + at, text.data(), text.size());
}

std::string encode_size(std::uint64_t size) {
  if (size <= octal_max) return fmt::format("{:011o}", size);
  std::string text(size_bytes, '\0');
  text.front() = base_256_mark;
  for (std::size_t at = size_bytes; at-- > 1; size >>= 8) text[at] = static_cast<char>(size & 0xff);
  return text;
}

}  // namespace

std::string encode_tar_header(std::string_view name, std::uint64_t size,
                              std::int64_t unix_seconds) {
  CONCLAVE_ASSERT(name.size() < name_bytes);
  std::string block(tar_block_bytes, '\0');
  write_at(block, 0, name);
  write_at(block, 100, "0000600");
  write_at(block, 108, "0000000");
  write_at(block, 116, "0000000");
  write_at(block, size_at, encode_size(size));
  write_at(block, 136, fmt::format("{:011o}", unix_seconds));
  block[kind_at] = '0';
  write_at(block, 257, std::string_view("ustar\00000", 8));
  write_at(block, checksum_at, fmt::format("{:06o}", checksum(block)));
  block[checksum_at + 7] = ' ';
  return block;
}

std::optional<TarEntry> decode_tar_header(std::string_view block) {
  if (block.size() != tar_block_bytes) return std::nullopt;
  TarEntry entry;
  if (block.find_first_not_of('\0') == std::string_view::npos) {
    entry.is_end = true;
    return entry;
  }
  const auto sum = read_octal(block.substr(checksum_at, checksum_bytes));
  const auto size = read_size(block.substr(size_at, size_bytes));
  if (!sum || *sum != checksum(block) || !size) return std::nullopt;
  const std::string_view name = block.substr(0, name_bytes);
  entry.name = name.substr(0, name.find('\0'));
  entry.size = *size;
  const char kind = block[kind_at];
  entry.is_file = kind == '0' || kind == '\0';
  entry.is_extended = kind == 'x' || kind == 'g' || kind == 'L' || kind == 'K';
  return entry;
}

}  // namespace conclave::api
