#pragma once

/// The templates' `sort` and `unique`.

#include <string_view>

#include "base/core/result.h"
#include "cli/sockaddr/interfaces.h"

namespace conclave::cli::sockaddr {

/// `clauses` with commas between them, each a name with an optional sign: address, default, name,
/// port, private, size, type. "default,-size": addresses of the default route's interface first,
/// among them small networks first. What no clause tells apart keeps its order.
Result<Interfaces> sorted(std::string_view clauses, Interfaces list);

/// Of neighbours with the same "address" or "name" only the first stays.
Result<Interfaces> unique(std::string_view attribute, const Interfaces& list);

}  // namespace conclave::cli::sockaddr
