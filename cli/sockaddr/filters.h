#pragma once

/// The templates' `include` and `exclude`: by name, address, network, type, flags, rfc, size or
/// port.

#include <string_view>

#include "base/core/result.h"
#include "cli/sockaddr/interfaces.h"

namespace conclave::cli::sockaddr {

/// Keeps those of the list that the selector accepts (`wanted`) or does not. `value` may name
/// several things with `|` between them, one of which must hold; for address and name it is a
/// regular expression. Both are read without regard to case, apart from names and addresses.
Result<Interfaces> filter(std::string_view selector, std::string_view value, bool wanted,
                          const Interfaces& list);

}  // namespace conclave::cli::sockaddr
