#pragma once

/// Address templates in configuration: `{{ GetPrivateIP }}`, `{{ GetInterfaceIP "eth0" }}`,
/// `{{ GetAllInterfaces | include "network" "10.0.0.0/8" | attr "address" }}` (contract 16.2).
/// Everything is computed from a list of interfaces; who asks the operating system for it is
/// cli/run.

#include <string>
#include <string_view>

#include "base/core/result.h"
#include "cli/sockaddr/interfaces.h"

namespace conclave::cli::sockaddr {

bool is_template(std::string_view text);

/// The text that a template stands for, which may be empty: nothing was found. Errors begin with
/// "character 14: " of the template.
Result<std::string> evaluate_template(std::string_view text, const Interfaces& interfaces);

}  // namespace conclave::cli::sockaddr
