#include "api/http/url.h"

#include "api/http/target.h"
#include "base/core/text.h"

namespace conclave::api {

namespace {

std::unexpected<Error> bad(std::string text) {
  return fail(ErrorCode::bad_request, std::move(text));
}

/// "[::1]:80", "host:80", "host".
Result<void> parse_authority(std::string_view text, Url& url) {
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return bad("missing ']' in host");
    url.host = text.substr(1, close - 1);
    const std::string_view after = text.substr(close + 1);
    if (!after.empty() && after.front() != ':') {
      return bad("invalid port \"" + std::string(after) + "\" after host");
    }
    if (!after.empty()) port = after.substr(1);
  } else {
    const std::size_t colon = text.rfind(':');
    url.host = text.substr(0, colon);
    if (colon != std::string_view::npos) port = text.substr(colon + 1);
  }
  if (url.host.empty()) return bad("no Host in request URL");
  if (port.empty()) return {};
  const auto number = parse_u64(port);
  if (!number || *number > 65535)
    return bad("invalid port \":" + std::string(port) + "\" after host");
  url.port = static_cast<std::uint16_t>(*number);
  return {};
}

}  // namespace

Result<Url> parse_url(std::string_view text) {
  Url url;
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos) return bad("unsupported protocol scheme \"\"");
  url.scheme = to_lower_ascii(text.substr(0, colon));
  std::string_view rest = text.substr(colon + 3);
  if (url.scheme == "unix") {
    url.host = rest;
    url.authority = "localhost";
    url.target = "/";
    if (url.host.empty()) return bad("no path in unix URL");
    return url;
  }
  if (url.scheme != "http" && url.scheme != "https") {
    return bad("unsupported protocol scheme \"" + url.scheme + "\"");
  }
  url.port = url.scheme == "https" ? 443 : 80;
  rest = rest.substr(0, rest.find('#'));
  const std::size_t path = rest.find_first_of("/?");
  std::string_view authority = rest.substr(0, path);
  if (path != std::string_view::npos) url.target = rest.substr(path);
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  const std::size_t at = authority.rfind('@');
  if (at != std::string_view::npos) {
    url.user_info = percent_decode(authority.substr(0, at), false).value_or(std::string());
    authority.remove_prefix(at + 1);
  }
  url.authority = authority;
  CONCLAVE_TRY(parse_authority(authority, url));
  // What could end the request line early is not sent.
  for (const char c : url.target + url.authority) {
    if (static_cast<unsigned char>(c) <= ' ' || c == '\x7f') {
      return bad("invalid character in URL");
    }
  }
  return url;
}

std::string resolve_location(const Url& base, std::string_view location) {
  if (location.find("://") != std::string_view::npos) return std::string(location);
  if (location.starts_with("//")) return base.scheme + ":" + std::string(location);
  const std::string root = base.scheme + "://" + base.authority;
  if (location.starts_with('/')) return root + std::string(location);
  const std::string path = base.target.substr(0, base.target.find('?'));
  if (location.starts_with('?')) return root + path + std::string(location);
  return root + path.substr(0, path.rfind('/') + 1) + std::string(location);
}

}  // namespace conclave::api
