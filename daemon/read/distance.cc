#include "daemon/read/distance.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "daemon/tables/coordinates.h"
#include "daemon/tables/nodes.h"

namespace conclave::daemon {

namespace {

constexpr double unknown = std::numeric_limits<double>::infinity();

}  // namespace

double distance(const api::Coordinate& from, const api::Coordinate& to) {
  if (from.vec.size() != to.vec.size()) return unknown;
  double squares = 0;
  for (std::size_t i = 0; i < from.vec.size(); ++i) {
    const double difference = from.vec[i] - to.vec[i];
    squares += difference * difference;
  }
  const double raw = std::sqrt(squares) + from.height + to.height;
  const double adjusted = raw + from.adjustment + to.adjustment;
  return adjusted > 0 ? adjusted : raw;
}

bool is_comparable(const api::Coordinate& coordinate) {
  return coordinate.vec.size() == api::coordinate_dimensions &&
         std::ranges::all_of(coordinate.vec, [](double x) { return std::isfinite(x); }) &&
         std::isfinite(coordinate.error) && std::isfinite(coordinate.adjustment) &&
         std::isfinite(coordinate.height);
}

std::string Viewpoint::node(const ReadRows& rows) const {
  if (near != "_ip") return near;
  std::string found;
  visit_nodes(rows, [&](const api::Node& node) {
    if (node.address == client_address) found = node.node;
    return found.empty();
  });
  return found;
}

std::vector<std::size_t> order_by_distance(const ReadRows& rows, std::string_view node,
                                           const std::vector<std::string_view>& nodes) {
  const auto from = find_coordinate(rows, node);
  if (!from) return {};
  std::vector<std::pair<double, std::size_t>> places;
  places.reserve(nodes.size());
  for (const std::string_view name : nodes) {
    const std::size_t i = places.size();
    // Instances of one node follow one another.
    if (i > 0 && name == nodes[i - 1]) {
      places.emplace_back(places.back().first, i);
    } else {
      const auto to = find_coordinate(rows, name);
      places.emplace_back(to ? distance(from->coord, to->coord) : unknown, i);
    }
  }
  std::ranges::sort(places);
  std::vector<std::size_t> order;
  order.reserve(places.size());
  for (const auto& place : places) order.push_back(place.second);
  return order;
}

}  // namespace conclave::daemon
