#pragma once

/// The bodies of /v1/catalog/register and /deregister (contract 8.1) as commands. Whether they are
/// complete and fit the catalog is for apply to say.

#include <string_view>

#include "base/core/result.h"
#include "daemon/command/command.h"
#include "daemon/http/context.h"

namespace conclave::daemon {

Result<Register> parse_register(std::string_view body, const ServerSettings& settings);
Result<Deregister> parse_deregister(std::string_view body, const ServerSettings& settings);

}  // namespace conclave::daemon
