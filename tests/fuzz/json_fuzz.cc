// JSON: what was parsed and written again is parsed to the same, indented or not; every text is a
// JSON string once it is quoted.

#include <string>

#include "api/codec/indent.h"
#include "api/codec/json_string.h"
#include "api/codec/json_value.h"
#include "base/core/assert.h"
#include "tests/fuzz/input.h"

namespace conclave::fuzz {
namespace {

std::string compact(const api::JsonValue& value) {
  std::string out;
  value.append_to(out);
  return out;
}

/// Writing and reading again changes nothing.
void check_stable(const std::string& json, const std::string& expected) {
  const auto parsed = api::parse_json(json);
  CONCLAVE_ASSERT_WHY(parsed.has_value(), "we wrote it");
  CONCLAVE_ASSERT(compact(*parsed) == expected);
}

/// Wherever it is cut, it is indented the same.
void check_pieces(std::string_view json, const std::string& indented) {
  for (const std::size_t piece : {std::size_t{1}, json.size() / 3 + 1}) {
    api::JsonIndenter indenter;
    std::string out;
    for (std::size_t at = 0; at < json.size(); at += piece) {
      indenter.append(json.substr(at, piece), out);
    }
    indenter.end(out);
    CONCLAVE_ASSERT(out == indented);
  }
}

void check_string(std::string_view bytes) {
  std::string quoted;
  api::append_json_string(quoted, bytes);
  const auto parsed = api::parse_json(quoted);
  CONCLAVE_ASSERT(parsed.has_value());
  CONCLAVE_ASSERT(parsed->if_string() != nullptr);
  const std::string repaired = api::repair_utf8(bytes);
  CONCLAVE_ASSERT(*parsed->if_string() == repaired);
  CONCLAVE_ASSERT(api::repair_utf8(repaired) == repaired);
}

}  // namespace

void check(std::string_view bytes) {
  check_string(bytes);
  const auto parsed = api::parse_json(bytes);
  if (!parsed) {
    CONCLAVE_ASSERT(parsed.error().code == ErrorCode::bad_request);
    CONCLAVE_ASSERT(!parsed.error().message.empty());
    return;
  }
  // Once more than one would think: -0.0 is written as -0, which is read as the integer 0.
  const auto again = api::parse_json(compact(*parsed));
  CONCLAVE_ASSERT_WHY(again.has_value(), "we wrote it");
  const std::string json = compact(*again);
  check_stable(json, json);
  const std::string indented = api::indent_json(json);
  check_stable(indented, json);
  check_pieces(json, indented);
  CONCLAVE_ASSERT(api::indent_json(indented) == indented);
}

}  // namespace conclave::fuzz
