#pragma once

/// The coordinates of nodes, one row each (contract 12). Not among the changes: they move all the
/// time, and nobody resumes from them.

#include <optional>
#include <string>
#include <string_view>

#include "api/model/coordinate.h"
#include "daemon/store/rows.h"

namespace conclave::daemon {

std::string coordinate_key(std::string_view node);

std::optional<api::NodeCoordinate> find_coordinate(const ReadRows& rows, std::string_view node);
/// All of them, by node.
void visit_coordinates(const ReadRows& rows, FunctionRef<bool(const api::NodeCoordinate&)> visit);

}  // namespace conclave::daemon
