#pragma once

/// Network coordinates (contract 12): /v1/coordinate, their rows and log entries.

#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "api/model/field.h"

namespace conclave::api {

/// A point of the Vivaldi network coordinate system, in seconds. Members that a client leaves out
/// are 0.
struct Coordinate {
  std::vector<double> vec;
  double error = 0;
  double adjustment = 0;  ///< What the distances to this node are off on the average.
  double height = 0;      ///< The way from the node to the core of the network.

  friend bool operator==(const Coordinate&, const Coordinate&) = default;
  static constexpr auto fields() {
    using C = Coordinate;
    return std::tuple{field(1, "Vec", &C::vec), field(2, "Error", &C::error),
                      field(3, "Adjustment", &C::adjustment), field(4, "Height", &C::height)};
  }
};

/// Coordinates have so many dimensions; others cannot be compared with them.
inline constexpr std::size_t coordinate_dimensions = 8;

/// Of a node that has not measured anything yet.
inline Coordinate unmeasured_coordinate() {
  return {.vec = std::vector<double>(coordinate_dimensions), .error = 1.5, .height = 10e-6};
}

struct NodeCoordinate {
  std::string node;
  std::string segment;  ///< Always "": segments are Consul Enterprise's.
  Coordinate coord;
  std::uint64_t modify_index = 0;

  friend bool operator==(const NodeCoordinate&, const NodeCoordinate&) = default;
  static constexpr auto fields() {
    using C = NodeCoordinate;
    return std::tuple{field(1, "Node", &C::node), field(2, "Segment", &C::segment),
                      field(3, "Coord", &C::coord),
                      field(4, "ModifyIndex", &C::modify_index, Show::never)};
  }
};

}  // namespace conclave::api
