#pragma once

/// The URLs that the client follows: http://[user:password@]host[:port]/path?query and
/// unix:///path.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/core/result.h"

namespace conclave::api {

struct Url {
  std::string scheme;  ///< "http", "https" or "unix".
  std::string host;    ///< Without brackets; the socket's path for unix.
  std::uint16_t port = 0;
  std::string authority;  ///< As it stands in the Host header.
  std::string user_info;  ///< "user:password", decoded; "" when absent.
  std::string target;     ///< Path and query, at least "/".
};

/// Errors read as Go's: `unsupported protocol scheme "ftp"`, `no Host in request URL`, `invalid
/// port "x" after host`.
Result<Url> parse_url(std::string_view text);

/// Where a Location header leads, seen from `base`: absolute, "//host/…", "/path" or relative.
std::string resolve_location(const Url& base, std::string_view location);

}  // namespace conclave::api
