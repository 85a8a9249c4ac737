#pragma once

/// What of a service with very many instances a server tells an agent: a part of bounded size.
/// Agents have different parts, so that together they know all instances. Pure.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/dns/directory.h"

namespace conclave::dns {

struct PartLimits {
  std::size_t instances_max = 1'024;
  std::uint64_t bytes_max = 1ull << 20;  ///< As bytes_of() counts; one instance is always told.
};

/// So many different parts there are. With the usual limits each instance is in some part as long
/// as there are not many more than 28,000.
inline constexpr std::uint32_t parts = 32;

/// The part of the agent on that node.
std::uint32_t part_of(std::string_view node);

/// Leaves what is beyond the limits out, and says so in `is_part`. An instance that comes or goes
/// changes few others of a part. In an order that means something the first ones stay, for all.
void take_part(ServiceFinding& found, std::uint32_t part, const PartLimits& limits = {});

}  // namespace conclave::dns
