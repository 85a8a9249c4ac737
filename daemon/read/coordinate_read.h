#pragma once

/// Reads of network coordinates (contract 12). Their index is that of the table.

#include <cstdint>
#include <string_view>
#include <vector>

#include "api/model/coordinate.h"
#include "daemon/store/rows.h"

namespace conclave::daemon {

struct CoordinateListing {
  std::vector<api::NodeCoordinate> coordinates;  ///< By node.
  std::uint64_t index = 0;
};
CoordinateListing list_coordinates(const ReadRows& rows);
/// None or one.
CoordinateListing read_coordinate(const ReadRows& rows, std::string_view node);

}  // namespace conclave::daemon
