// Oracle: contract section 12.
#include "daemon/tables/coordinates.h"

#include "tests/unit/daemon_state/machine.h"

namespace conclave::daemon {
namespace {

class CoordinateTest : public Machine {
 protected:
  static api::NodeCoordinate at(std::string node, double x) {
    api::NodeCoordinate made{.node = std::move(node), .coord = api::unmeasured_coordinate()};
    made.coord.vec[0] = x;
    return made;
  }
  Outcome update(std::vector<api::NodeCoordinate> updates) {
    return run(UpdateCoordinates{.updates = std::move(updates)});
  }
};

TEST_F(CoordinateTest, the_last_one_of_a_node_counts) {
  node("Web1");
  EXPECT_TRUE(update({at("web1", 1), at("WEB1", 2)}).done);
  const auto stored = find_coordinate(rows, "web1");
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->node, "Web1");
  EXPECT_EQ(stored->coord.vec[0], 2);
  EXPECT_EQ(stored->modify_index, revision());
  EXPECT_EQ(meta().coordinates_index, revision());
  EXPECT_TRUE(woke(TopicKind::coordinates));
}

TEST_F(CoordinateTest, what_changes_nothing_wakes_nobody) {
  node("n");
  update({at("n", 1)});
  const std::uint64_t before = revision();
  EXPECT_TRUE(update({at("n", 1), at("nobody", 1)}).done);
  EXPECT_EQ(revision(), before);
  EXPECT_TRUE(changes.topics.empty());
  EXPECT_FALSE(find_coordinate(rows, "nobody"));
}

TEST_F(CoordinateTest, goes_with_its_node) {
  node("n");
  update({at("n", 1)});
  run(Deregister{.node = "n"});
  EXPECT_FALSE(find_coordinate(rows, "n"));
  EXPECT_TRUE(woke(TopicKind::coordinates));
  EXPECT_EQ(meta().coordinates_index, revision());
}

TEST_F(CoordinateTest, more_than_a_command_may_hold_are_refused) {
  node("n");
  const std::vector<api::NodeCoordinate> many(coordinate_updates_max + 1, at("n", 1));
  EXPECT_EQ(update(many).error, "too many coordinates in one command");
}

}  // namespace
}  // namespace conclave::daemon
