#pragma once

/// Service and check definitions of configuration files (contract 16.3): their objects to the
/// agent's structs, with unknown keys refused by name.

#include <vector>

#include "api/model/agent_check.h"
#include "api/model/agent_service.h"
#include "base/core/result.h"
#include "cli/config/settings.h"

namespace conclave::cli {

/// Decodes one `service` object; keys in snake_case or in the API's spelling.
Result<api::ServiceDefinition> read_service(const Definition& given);
Result<api::CheckDefinition> read_check(const Definition& given);

/// Every `service_id` of a check must name a service of the same configuration.
Result<void> match_checks(const std::vector<api::ServiceDefinition>& services,
                          const std::vector<api::CheckDefinition>& checks);

}  // namespace conclave::cli
