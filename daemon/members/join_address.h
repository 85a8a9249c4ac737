#pragma once

/// Addresses as people write them into join lists. Pure.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/core/result.h"

namespace conclave::daemon {

/// "host", "host:port", "10.0.0.1", "[v6]", "[v6]:port" or a bare v6 address, as "host:port" or
/// "[v6]:port". `provider=...` (cloud auto-join) and what is no address: bad_request with a
/// sentence.
Result<std::string> join_address(std::string_view text, std::int64_t default_port);

}  // namespace conclave::daemon
