// Oracle: the published formula of Vivaldi coordinates with height and adjustment (contract 12).
#include "daemon/read/distance.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "daemon/state/state_machine.h"
#include "daemon/store/memory_rows.h"

namespace conclave::daemon {
namespace {

/// A coordinate on one axis.
api::Coordinate at(double x, double height = 0, double adjustment = 0) {
  api::Coordinate coordinate{.vec = std::vector<double>(api::coordinate_dimensions),
                             .adjustment = adjustment,
                             .height = height};
  coordinate.vec[0] = x;
  return coordinate;
}

TEST(Distance, follows_the_formula) {
  struct Case {
    api::Coordinate from;
    api::Coordinate to;
    double expected;
  };
  api::Coordinate corner = at(3);
  corner.vec[1] = 4;
  const Case cases[] = {
      {at(0), at(0), 0},
      {at(0), at(2), 2},
      {at(-1), at(2), 3},
      {at(0), corner, 5},
      {at(0, 0.5), at(2, 0.25), 2.75},
      {at(0, 0, 0.5), at(2, 0, 0.25), 2.75},
      {at(0, 1, -0.5), at(2, 1, -0.25), 3.25},
      // An adjustment that would leave nothing is left out.
      {at(0, 0, -3), at(2, 0, -1), 2},
      {at(0, 0, -1), at(2, 0, -1), 2},
  };
  for (const Case& c : cases) {
    EXPECT_DOUBLE_EQ(distance(c.from, c.to), c.expected);
    EXPECT_DOUBLE_EQ(distance(c.to, c.from), c.expected);
  }
  EXPECT_TRUE(std::isinf(distance(at(0), {.vec = {1, 2}})));
}

TEST(Distance, only_finite_numbers_of_eight_dimensions_can_be_compared) {
  EXPECT_TRUE(is_comparable(at(1, 2, 3)));
  EXPECT_TRUE(is_comparable(api::unmeasured_coordinate()));
  EXPECT_FALSE(is_comparable({}));
  EXPECT_FALSE(is_comparable({.vec = std::vector<double>(7)}));
  const double infinite = std::numeric_limits<double>::infinity();
  EXPECT_FALSE(is_comparable(at(infinite)));
  EXPECT_FALSE(is_comparable(at(0, std::nan(""))));
  EXPECT_FALSE(is_comparable(at(0, 0, -infinite)));
}

class DistanceTest : public testing::Test {
 protected:
  DistanceTest() {
    initialise_state(rows);
    for (const char* name : {"a", "b", "c", "d"}) {
      run(Register{.node = {.node = name, .address = std::string("10.0.0.") + name}});
    }
    run(UpdateCoordinates{.updates = {{.node = "a", .coord = at(0)},
                                      {.node = "b", .coord = at(9)},
                                      {.node = "d", .coord = at(4)}}});
  }
  void run(CommandBody body) {
    ChangeSet changes;
    const Outcome outcome = apply({.body = std::move(body), .request_id = {}}, {}, rows, changes);
    EXPECT_EQ(outcome.error, "");
  }
  std::string sorted(std::string_view near, std::vector<std::string> nodes) {
    sort_by_distance(rows, near, nodes,
                     [](const std::string& name) -> std::string_view { return name; });
    std::string text;
    for (const std::string& name : nodes) text += name;
    return text;
  }
  MemoryRows rows;
};

TEST_F(DistanceTest, the_nearest_come_first_and_the_unknown_last) {
  EXPECT_EQ(sorted("a", {"a", "b", "c", "d"}), "adbc");
  EXPECT_EQ(sorted("B", {"a", "b", "c", "d"}), "bdac");
  EXPECT_EQ(sorted("a", {"c", "d", "d", "x", "a"}), "addcx");
}

TEST_F(DistanceTest, without_a_place_to_look_from_the_order_stays) {
  EXPECT_EQ(sorted("", {"d", "b", "a"}), "dba");
  EXPECT_EQ(sorted("c", {"d", "b", "a"}), "dba");
  EXPECT_EQ(sorted("nobody", {"d", "b", "a"}), "dba");
}

TEST_F(DistanceTest, an_address_means_the_node_that_has_it) {
  EXPECT_EQ((Viewpoint{.near = "_ip", .client_address = "10.0.0.b"}).node(rows), "b");
  EXPECT_EQ((Viewpoint{.near = "_ip", .client_address = "10.0.0.9"}).node(rows), "");
  EXPECT_EQ((Viewpoint{.near = "d", .client_address = "10.0.0.b"}).node(rows), "d");
}

}  // namespace
}  // namespace conclave::daemon
