#include "daemon/read/coordinate_read.h"

#include <algorithm>
#include <utility>

#include "daemon/tables/coordinates.h"
#include "daemon/tables/meta.h"

namespace conclave::daemon {

namespace {

CoordinateListing listing(const ReadRows& rows) {
  return {.coordinates = {},
          .index = std::max<std::uint64_t>(read_meta(rows).coordinates_index, 1)};
}

}  // namespace

CoordinateListing list_coordinates(const ReadRows& rows) {
  CoordinateListing found = listing(rows);
  visit_coordinates(rows, [&](const api::NodeCoordinate& one) {
    found.coordinates.push_back(one);
    return true;
  });
  return found;
}

CoordinateListing read_coordinate(const ReadRows& rows, std::string_view node) {
  CoordinateListing found = listing(rows);
  if (auto one = find_coordinate(rows, node)) found.coordinates.push_back(std::move(*one));
  return found;
}

}  // namespace conclave::daemon
