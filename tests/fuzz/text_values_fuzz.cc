// The small texts of requests and configurations: durations, UUIDs, base64, hex, numbers, levels.
// What is read is written in one form, which reads the same.

#include <string>

#include "base/core/assert.h"
#include "base/core/duration.h"
#include "base/core/text.h"
#include "base/core/uuid.h"
#include "base/run/log.h"
#include "tests/fuzz/input.h"

namespace conclave::fuzz {
namespace {

void check_duration(std::string_view text) {
  const auto duration = parse_duration(text);
  if (!duration) {
    CONCLAVE_ASSERT(duration.error().message.starts_with("time: "));
    return;
  }
  const auto again = parse_duration(format_duration(*duration));
  CONCLAVE_ASSERT(again.has_value());
  CONCLAVE_ASSERT(*again == *duration);
}

void check_encodings(std::string_view text) {
  CONCLAVE_ASSERT(decode_base64(encode_base64(text)) == text);
  CONCLAVE_ASSERT(decode_hex(encode_hex(text)) == text);
  if (const auto bytes = decode_base64(text)) CONCLAVE_ASSERT(encode_base64(*bytes) == text);
  if (const auto bytes = decode_hex(text)) {
    CONCLAVE_ASSERT(encode_hex(*bytes) == to_lower_ascii(text));
  }
}

void check_uuid(std::string_view text) {
  const auto bytes = parse_uuid(text);
  CONCLAVE_ASSERT(is_uuid(text) == bytes.has_value());
  if (bytes) CONCLAVE_ASSERT(format_uuid(*bytes) == to_lower_ascii(text));
}

void check_numbers(std::string_view text) {
  const auto natural = parse_u64(text);
  if (natural) CONCLAVE_ASSERT(parse_u64(std::to_string(*natural)) == natural);
  const auto whole = parse_i64(text);
  if (whole) CONCLAVE_ASSERT(parse_i64(std::to_string(*whole)) == whole);
  if (natural && whole) CONCLAVE_ASSERT(static_cast<std::uint64_t>(*whole) == *natural);
}

/// Nothing in a message makes a second line of the log.
void check_log_line(std::string_view text) {
  const std::string line = format_log_line(Nanos(0), LogLevel::info, "fuzz", text, false);
  CONCLAVE_ASSERT(line.ends_with('\n'));
  CONCLAVE_ASSERT(line.find('\n') == line.size() - 1);
  if (const auto level = parse_log_level(text)) CONCLAVE_ASSERT(*level <= LogLevel::error);
}

}  // namespace

void check(std::string_view bytes) {
  check_duration(bytes);
  check_encodings(bytes);
  check_uuid(bytes);
  check_numbers(bytes);
  check_log_line(bytes);
  CONCLAVE_ASSERT(equal_ignoring_case(bytes, to_lower_ascii(bytes)));
  CONCLAVE_ASSERT(trim_spaces(trim_spaces(bytes)) == trim_spaces(bytes));
}

}  // namespace conclave::fuzz
