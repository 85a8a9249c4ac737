#pragma once

/// Network coordinates of nodes (contract 12).

#include <string>

#include "daemon/command/command.h"
#include "daemon/state/step.h"

namespace conclave::daemon {

/// Those of nodes that are not registered are passed over: they would stay for ever.
Outcome apply_update_coordinates(const UpdateCoordinates& command, const ApplyTime& time,
                                 Rows& rows, ChangeSet& changes);

/// The node is gone. Within a command.
void erase_coordinate(Step& step, const std::string& node);

}  // namespace conclave::daemon
