#pragma once

/// The templates' `math`.

#include <string_view>

#include "base/core/result.h"
#include "cli/sockaddr/interfaces.h"

namespace conclave::cli::sockaddr {

/// Changes one address. `operation` "address": adds `value` (with its sign, "+1") to the address,
/// wrapping at its width. "network": counts from the beginning of its network ("+2"), or from its
/// end ("-1" is the last address), wrapping within it. "mask": keeps `value` leading bits.
Result<Network> calculate(std::string_view operation, std::string_view value,
                          const Network& network);

}  // namespace conclave::cli::sockaddr
