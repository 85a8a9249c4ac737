#include "api/hcl/document.h"

#include <fmt/format.h>

#include <charconv>
#include <string>

#include "api/hcl/parser.h"
#include "api/hcl/position.h"

namespace conclave::api::hcl {
namespace {

/// The JSON reader counts bytes; somebody with an editor counts lines.
Error with_position(const Error& error, std::string_view text) {
  constexpr std::string_view marker = " at offset ";
  std::string message = error.message;
  std::size_t offset = text.size();
  if (const auto at = message.rfind(marker); at != std::string::npos) {
    const char* const digits = message.data() + at + marker.size();
    std::from_chars(digits, message.data() + message.size(), offset);
    message.resize(at);
  } else if (message == "EOF") {
    message = "nothing is in it";
  }
  const Position at = position_of(text, offset);
  return {error.code, fmt::format("{}:{}: not valid JSON: {}", at.line, at.column, message)};
}

bool looks_like_json(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '{';
}

}  // namespace

Result<JsonValue> parse_document(std::string_view text, Format format) {
  if (format == Format::hcl && !looks_like_json(text)) return parse_hcl(text);
  auto document = parse_json(text);
  if (!document) return std::unexpected(with_position(document.error(), text));
  return document;
}

}  // namespace conclave::api::hcl
