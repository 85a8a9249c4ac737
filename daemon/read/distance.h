#pragma once

/// Distances between network coordinates, and listings sorted by them (contract 9, 12, 13).

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/model/coordinate.h"
#include "daemon/store/rows.h"

namespace conclave::daemon {

/// The estimated round-trip time in seconds between two nodes: the Euclidean distance of the
/// vectors and both heights, corrected by both adjustments unless that leaves nothing. Infinite if
/// the coordinates have different dimensions.
double distance(const api::Coordinate& from, const api::Coordinate& to);

/// Whether a coordinate can be compared: coordinate_dimensions, all numbers finite.
bool is_comparable(const api::Coordinate& coordinate);

/// From where a listing is looked at: the `near` parameter with `_agent` put as the agent's name.
struct Viewpoint {
  std::string near;  ///< A node's name, "_ip", or "" = no order is asked for.
  std::string client_address;

  /// The node that is meant; "_ip" is the one with the client's address. "" = there is none.
  std::string node(const ReadRows& rows) const;
};

/// The positions in `nodes`, nearest to `node` first; what is equally far, or not known, stays in
/// its order. Nothing if `node` has no coordinate itself.
std::vector<std::size_t> order_by_distance(const ReadRows& rows, std::string_view node,
                                           const std::vector<std::string_view>& nodes);

/// Sorts elements in that order; `name_of(element)` is the node it is on.
template <class T, class NameOf>
void sort_by_distance(const ReadRows& rows, std::string_view node, std::vector<T>& elements,
                      NameOf name_of) {
  if (node.empty()) return;
  std::vector<std::string_view> names;
  names.reserve(elements.size());
  for (const T& element : elements) names.push_back(name_of(element));
  const std::vector<std::size_t> order = order_by_distance(rows, node, names);
  if (order.empty()) return;
  std::vector<T> sorted;
  sorted.reserve(elements.size());
  for (const std::size_t i : order) sorted.push_back(std::move(elements[i]));
  elements = std::move(sorted);
}

}  // namespace conclave::daemon
