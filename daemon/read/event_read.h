#pragma once

/// Reads of user events (contract 11).

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "api/model/event.h"
#include "base/core/result.h"
#include "daemon/store/rows.h"

namespace conclave::daemon {

struct EventListing {
  std::vector<api::UserEvent> events;  ///< Oldest first.
  std::uint64_t index = 1;             ///< event_index() of the last one; it has no order.
};

/// The events that are for `node`: its name matches the node filter, and it runs a service that
/// matches the service filter with a tag that matches the tag filter, where there are such. (Consul
/// asks when an event arrives; here it is asked when it is read.) `name` "" = of all names.
EventListing list_events(const ReadRows& rows, std::string_view node, std::string_view name);

/// The error for an expression that cannot be compiled: `Invalid node filter: ...`.
Result<void> check_event_filter(std::string_view what, const std::string& expression);

}  // namespace conclave::daemon
