#pragma once

/// Networks with a special meaning, by the RFC that sets them aside: the numbers that the
/// templates' "rfc" filter knows.

#include <cstdint>
#include <span>
#include <string_view>

#include "cli/sockaddr/ip_address.h"

namespace conclave::cli::sockaddr {

/// "10.0.0.0/8" and so on; empty for a number that is not known.
std::span<const std::string_view> networks_of_rfc(std::uint64_t rfc);
bool is_of_rfc(std::uint64_t rfc, const IpAddress& address);

/// RFC 6890, all special purposes: what templates call private, as far as it is forwardable.
bool is_special(const IpAddress& address);
/// Routers pass it on: not loopback, link-local, documentation, reserved or unspecified.
bool is_forwardable(const IpAddress& address);

}  // namespace conclave::cli::sockaddr
