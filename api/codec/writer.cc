#include "api/codec/writer.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "base/core/text.h"

namespace conclave::api::detail {

namespace {

template <class Integer>
void append_decimal(std::string& out, Integer value) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, end);
}

}  // namespace

void append_json_integer(std::string& out, std::int64_t value) { append_decimal(out, value); }
void append_json_integer(std::string& out, std::uint64_t value) { append_decimal(out, value); }

void append_json_double(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out.append("null");
  } else {
    out.append(fmt::format("{}", value));
  }
}

void append_json_bytes(std::string& out, std::string_view bytes) {
  if (bytes.empty()) {
    out.append("null");
    return;
  }
  out.push_back('"');
  append_base64(out, bytes);
  out.push_back('"');
}

}  // namespace conclave::api::detail
