#pragma once

/// The templates' `attr` and `join`: what can be read off an address.

#include <string>
#include <string_view>

#include "base/core/result.h"
#include "cli/sockaddr/interfaces.h"

namespace conclave::cli::sockaddr {

/// address, binary, broadcast (IPv4), first_usable, flags, hex, host, last_usable, mask_bits, name,
/// netmask, network, octets, port, size, string, type, uint32 (IPv4) or uint128 (IPv6).
Result<std::string> attribute(std::string_view name, const InterfaceAddress& one);

}  // namespace conclave::cli::sockaddr
