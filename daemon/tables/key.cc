#include "daemon/tables/key.h"

#include "base/core/bytes.h"
#include "base/core/hash.h"
#include "base/core/text.h"
#include "daemon/store/rows.h"

namespace conclave::daemon {
namespace {

// A name takes at most name_bytes_max, 32 hexadecimal digits and the terminator, which three times
// fit.
static_assert(1 + 3 * (name_bytes_max + 32 + 2) <= row_key_bytes_max);
static_assert(1 + tail_bytes_max + 16 <= row_key_bytes_max);
// Tag, session id or number, shortened tail.
static_assert(1 + (name_bytes_max + 32 + 2) + inner_tail_bytes_max + 16 <= row_key_bytes_max);

void append_escaped(std::string& key, std::string_view name) {
  for (const char c : name) {
    key.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    if (c == '\0') key.push_back('\xff');
  }
}

}  // namespace

std::string table_key(Table table) { return std::string(1, static_cast<char>(table)); }

void append_name(std::string& key, std::string_view name) {
  const std::size_t start = key.size();
  append_escaped(key, name);
  if (key.size() - start > name_bytes_max) {
    key.resize(start + name_bytes_max);
    key += encode_hex(hash128(to_lower_ascii(name)));
  }
  key.append("\0\1", 2);
}

void append_tail(std::string& key, std::string_view tail, std::size_t bytes_max) {
  key.append(tail.substr(0, bytes_max));
  if (tail.size() > bytes_max) key += hash128(tail);
}

std::string name_key(Table table, std::string_view name) {
  std::string key = table_key(table);
  append_name(key, name);
  return key;
}

std::string name_key(Table table, std::string_view first, std::string_view second) {
  std::string key = name_key(table, first);
  append_name(key, second);
  return key;
}

std::string name_key(Table table, std::string_view first, std::string_view second,
                     std::string_view third) {
  std::string key = name_key(table, first, second);
  append_name(key, third);
  return key;
}

std::string number_key(Table table, std::uint64_t number) {
  std::string key = table_key(table);
  append_u64_be(key, number);
  return key;
}

}  // namespace conclave::daemon
