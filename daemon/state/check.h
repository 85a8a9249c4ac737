#pragma once

/// Health checks of the catalog (contract 8.1, 8.4, section 22).

#include <string>

#include "api/model/catalog.h"
#include "daemon/state/step.h"

namespace conclave::daemon {

/// Creates or changes a check on a registered node; the same as before changes nothing. A check
/// that is bound to an instance takes its name and tags from it. A critical one ends the sessions
/// that hang on it: that is left in step.pending(). Returns why not, or "".
std::string ensure_check(Step& step, const api::HealthCheck& wanted);

/// Removes a check; the sessions that hang on it are the caller's affair.
void erase_check(Step& step, const api::HealthCheck& check);

}  // namespace conclave::daemon
