#include "agent/http/parameters.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/core/text.h"

namespace conclave::agent {

namespace {

constexpr std::array<std::string_view, 6> true_words = {"1", "t", "T", "TRUE", "true", "True"};
constexpr std::array<std::string_view, 6> false_words = {"0", "f", "F", "FALSE", "false", "False"};

std::string without_spaces(std::string_view text) {
  std::string out(text);
  std::erase(out, ' ');
  return out;
}

}  // namespace

std::optional<bool> parse_bool(std::string_view text) {
  if (std::ranges::find(true_words, text) != true_words.end()) return true;
  if (std::ranges::find(false_words, text) != false_words.end()) return false;
  return std::nullopt;
}

Result<bool> enable_parameter(const api::Request& request) {
  const std::optional<std::string_view> text = request.parameter("enable");
  if (!text) return fail(ErrorCode::bad_request, "Missing value for enable");
  const std::optional<bool> value = parse_bool(*text);
  if (!value) {
    return fail(ErrorCode::bad_request, "Invalid value for enable: \"" + std::string(*text) + "\"");
  }
  return *value;
}

bool wants_text(const api::Request& request) {
  return request.parameter("format") == "text" ||
         request.header("accept").starts_with("text/plain");
}

bool wants_prometheus(const api::Request& request) {
  if (request.parameter("format") == "prometheus") return true;
  const std::string accept = without_spaces(request.header("accept"));
  return accept.contains("application/openmetrics-text") ||
         accept.contains("text/plain;version=0.4.0");
}

}  // namespace conclave::agent
