#pragma once

/// Who may ask at all, before any handler: address ranges for writes, and requests that another web
/// site's page makes a browser send (reliability.md 5.3, 11).

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "api/http/message.h"
#include "base/core/result.h"

namespace conclave::api {

/// An IPv4 or IPv6 address range, "10.0.0.0/8" or "fd00::/8".
struct AddressRange {
  std::array<std::uint8_t, 16> network{};
  std::uint32_t prefix_bits = 0;
  bool v6 = false;

  /// False for texts that are no address.
  bool contains(const std::string& address) const;
};

Result<AddressRange> parse_address_range(const std::string& text);

/// True for a write that carries the marks of another site's page: `Sec-Fetch-Site: cross-site`,
/// or, from browsers that do not send it, an Origin that is not the host that was asked. Programs
/// send neither.
bool is_cross_site_write(const Request& request);

/// Everything but GET, HEAD and OPTIONS.
bool is_write(Method method);

}  // namespace conclave::api
