#pragma once

/// Outcomes kept under request ids: a command that arrives again is answered, not applied again
/// (invariant 24).

#include <optional>
#include <string>

#include "daemon/command/command.h"
#include "daemon/state/state_machine.h"
#include "daemon/store/rows.h"

namespace conclave::daemon {

std::optional<Outcome> kept_outcome(const ReadRows& rows, const std::string& request_id);

/// Keeps an outcome and forgets the oldest. Changes no revision: nothing that a client sees has
/// changed.
void keep_outcome(Rows& rows, const std::string& request_id, const Outcome& outcome,
                  const ApplyTime& time);

}  // namespace conclave::daemon
