#pragma once

/// The one row of autopilot's configuration.

#include <optional>
#include <string>

#include "api/model/autopilot.h"
#include "daemon/store/rows.h"

namespace conclave::daemon {

std::string autopilot_key();
/// nullopt until a leader of this cluster has written it.
std::optional<api::AutopilotConfig> read_autopilot(const ReadRows& rows);

}  // namespace conclave::daemon
