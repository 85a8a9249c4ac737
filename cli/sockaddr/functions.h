#pragma once

/// The functions of address templates, by the names and with the arguments of HashiCorp's
/// go-sockaddr.

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/core/result.h"
#include "cli/sockaddr/interfaces.h"

namespace conclave::cli::sockaddr {

using Value = std::variant<Interfaces, std::int64_t, std::string>;

/// Calls one with all its arguments, the piped one last. `all` is what the machine has. Errors name
/// the function, what it takes, or what was wrong with an argument.
Result<Value> call_function(std::string_view name, const std::vector<Value>& arguments,
                            const Interfaces& all);

}  // namespace conclave::cli::sockaddr
