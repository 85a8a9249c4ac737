#include "daemon/members/join_address.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/core/text.h"

namespace conclave::daemon {
namespace {

std::unexpected<Error> refuse(std::string_view text, std::string_view why) {
  return fail(ErrorCode::bad_request, fmt::format("\"{}\" is no address to join: {}", text, why));
}

Result<std::int64_t> parse_port(std::string_view text, std::string_view port) {
  const auto number = parse_i64(port);
  if (!number || *number < 1 || *number > 65535) {
    return refuse(text, "the port must be 1 to 65535");
  }
  return *number;
}

}  // namespace

Result<std::string> join_address(std::string_view text, std::int64_t default_port) {
  const std::string_view trimmed = trim_spaces(text);
  if (trimmed.contains("provider=")) {
    return refuse(text,
                  "finding servers through a cloud provider is not supported; write their "
                  "addresses");
  }
  const bool valid = std::ranges::none_of(
      trimmed, [](char c) { return c <= ' ' || c == '/' || c == '=' || c == '"' || c == 0x7f; });
  if (trimmed.empty() || !valid) return refuse(text, "write host, host:port or [v6]:port");
  std::string_view host = trimmed;
  std::int64_t port = default_port;
  if (host.starts_with('[')) {
    const auto end = host.find(']');
    if (end == host.npos || end == 1) return refuse(text, "the bracket is not closed");
    const std::string_view rest = host.substr(end + 1);
    if (!rest.empty() && !rest.starts_with(':')) return refuse(text, "write [v6]:port");
    if (!rest.empty()) {
      CONCLAVE_TRY_ASSIGN(port, parse_port(text, rest.substr(1)));
    }
    host = host.substr(1, end - 1);
  } else if (std::ranges::count(host, ':') == 1) {
    const auto colon = host.find(':');
    CONCLAVE_TRY_ASSIGN(port, parse_port(text, host.substr(colon + 1)));
    host = host.substr(0, colon);
    if (host.empty()) return refuse(text, "the host is missing");
  }
  return host.contains(':') ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

}  // namespace conclave::daemon
