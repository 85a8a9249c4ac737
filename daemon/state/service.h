#pragma once

/// Service instances of the catalog (contract 8.1, 8.3).

#include <string>

#include "api/model/catalog.h"
#include "daemon/state/step.h"

namespace conclave::daemon {

/// Creates or changes an instance on a registered node; the same as before changes nothing. Checks
/// that are bound to it follow a change of its name or tags.
void ensure_service(Step& step, const std::string& node, const api::NodeService& wanted);

/// Removes an instance whose checks are gone already.
void erase_service(Step& step, const std::string& node, const api::NodeService& service);

}  // namespace conclave::daemon
