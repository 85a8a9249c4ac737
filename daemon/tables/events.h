#pragma once

/// The last user events, oldest first (contract 11).

#include <cstddef>
#include <cstdint>
#include <string>

#include "api/model/event.h"
#include "daemon/store/rows.h"

namespace conclave::daemon {

/// The oldest go when there are more.
inline constexpr std::size_t events_max = 256;

/// `revision`: of the command that fired it.
std::string event_key(std::uint64_t revision);

void visit_events(const ReadRows& rows, FunctionRef<bool(const api::UserEvent&)> visit);

}  // namespace conclave::daemon
