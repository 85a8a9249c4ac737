#include "api/rest/access.h"

#include <arpa/inet.h>

#include <algorithm>

#include "base/core/text.h"

namespace conclave::api {

namespace {

/// "https://host:1/x" → "host:1".
std::string_view authority_of(std::string_view origin) {
  const std::size_t scheme = origin.find("://");
  if (scheme != std::string_view::npos) origin.remove_prefix(scheme + 3);
  return origin.substr(0, origin.find('/'));
}

bool parse_address(const std::string& text, std::array<std::uint8_t, 16>& bytes, bool& v6) {
  v6 = text.find(':') != std::string::npos;
  return ::inet_pton(v6 ? AF_INET6 : AF_INET, text.c_str(), bytes.data()) == 1;
}

}  // namespace

bool AddressRange::contains(const std::string& address) const {
  std::array<std::uint8_t, 16> bytes{};
  bool address_v6 = false;
  if (!parse_address(address, bytes, address_v6) || address_v6 != v6) return false;
  const std::size_t whole = prefix_bits / 8;
  if (!std::equal(network.begin(), network.begin() + static_cast<std::ptrdiff_t>(whole),
                  bytes.begin())) {
    return false;
  }
  const std::uint32_t left = prefix_bits % 8;
  if (left == 0) return true;
  const int shift = static_cast<int>(8 - left);
  return (network[whole] >> shift) == (bytes[whole] >> shift);
}

Result<AddressRange> parse_address_range(const std::string& text) {
  const std::size_t slash = text.find('/');
  AddressRange range;
  const auto bits = slash == std::string::npos ? std::nullopt : parse_u64(text.substr(slash + 1));
  if (!bits || !parse_address(text.substr(0, slash), range.network, range.v6) ||
      *bits > (range.v6 ? 128u : 32u)) {
    return fail(ErrorCode::bad_request,
                "\"" + text + "\" is not an address range; write it as 10.0.0.0/8 or fd00::/8");
  }
  range.prefix_bits = static_cast<std::uint32_t>(*bits);
  return range;
}

bool is_cross_site_write(const Request& request) {
  if (!is_write(request.method)) return false;
  const std::string_view site = request.header("sec-fetch-site");
  if (!site.empty()) return site == "cross-site";
  const std::string_view origin = request.header("origin");
  return !origin.empty() && !equal_ignoring_case(authority_of(origin), request.header("host"));
}

bool is_write(Method method) {
  return method != Method::get && method != Method::head && method != Method::options;
}

}  // namespace conclave::api
