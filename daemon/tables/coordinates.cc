#include "daemon/tables/coordinates.h"

#include "daemon/tables/key.h"
#include "daemon/tables/row.h"

namespace conclave::daemon {

std::string coordinate_key(std::string_view node) { return name_key(Table::coordinates, node); }

std::optional<api::NodeCoordinate> find_coordinate(const ReadRows& rows, std::string_view node) {
  return read_row<api::NodeCoordinate>(rows, coordinate_key(node));
}

void visit_coordinates(const ReadRows& rows, FunctionRef<bool(const api::NodeCoordinate&)> visit) {
  visit_rows<api::NodeCoordinate>(rows, table_key(Table::coordinates), visit);
}

}  // namespace conclave::daemon
