#include "daemon/state/coordinate.h"

#include <utility>

#include "daemon/tables/coordinates.h"
#include "daemon/tables/nodes.h"

namespace conclave::daemon {
namespace {

void touch(Step& step) {
  step.meta().coordinates_index = step.revision();
  step.touch(TopicKind::coordinates);
}

}  // namespace

Outcome apply_update_coordinates(const UpdateCoordinates& command, const ApplyTime& time,
                                 Rows& rows, ChangeSet& changes) {
  Step step(rows, time);
  if (command.updates.size() > coordinate_updates_max) {
    return step.finish(Outcome{.error = "too many coordinates in one command"}, changes);
  }
  for (const api::NodeCoordinate& update : command.updates) {
    const auto node = find_node(step.rows(), update.node);
    if (!node) continue;
    const auto before = find_coordinate(step.rows(), update.node);
    if (before && before->coord == update.coord) continue;
    step.put_record(
        coordinate_key(node->node),
        api::NodeCoordinate{
            .node = node->node, .coord = update.coord, .modify_index = step.revision()});
    touch(step);
  }
  return step.finish(Outcome{.done = true}, changes);
}

void erase_coordinate(Step& step, const std::string& node) {
  if (!find_coordinate(step.rows(), node)) return;
  step.erase(coordinate_key(node));
  touch(step);
}

}  // namespace conclave::daemon
