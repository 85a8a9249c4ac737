#pragma once

/// Reads of health (contract sections 9 and 2.3). Names are compared without case. Lists are handed
/// out element by element, for they may be of any size, or collected; either way with their index.

#include <cstdint>
#include <string_view>
#include <vector>

#include "api/model/catalog.h"
#include "daemon/read/instance_filter.h"
#include "daemon/store/rows.h"

namespace conclave::daemon {

struct HealthListing {
  std::vector<api::ServiceEntry> entries;
  std::uint64_t index = 0;
};
/// The instances of a service in the order of list_instances(), each with its node's checks and its
/// own. `passing_only` keeps those of which every check is passing.
HealthListing list_health(const ReadRows& rows, std::string_view service,
                          const InstanceFilter& filter, bool passing_only);
std::uint64_t list_health(const ReadRows& rows, std::string_view service,
                          const InstanceFilter& filter, bool passing_only,
                          FunctionRef<void(api::ServiceEntry&&)> take);

using TakeCheck = FunctionRef<void(api::HealthCheck&&)>;
/// The checks bound to instances of a service; only node_meta of the filter counts.
std::uint64_t list_checks_of_service(const ReadRows& rows, std::string_view service,
                                     const InstanceFilter& filter, TakeCheck take);
/// All checks of a node, its services' included.
std::uint64_t list_checks_of_node(const ReadRows& rows, std::string_view node, TakeCheck take);
/// All checks in a status; "any" is every status.
std::uint64_t list_checks_in_state(const ReadRows& rows, std::string_view status,
                                   const InstanceFilter& filter, TakeCheck take);

}  // namespace conclave::daemon
