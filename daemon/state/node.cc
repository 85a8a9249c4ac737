#include "daemon/state/node.h"

#include <optional>
#include <set>
#include <utility>

#include "base/core/text.h"
#include "daemon/state/coordinate.h"
#include "daemon/tables/checks.h"
#include "daemon/tables/nodes.h"
#include "daemon/tables/row.h"
#include "daemon/tables/services.h"

namespace conclave::daemon {
namespace {

/// A node is alive if it has a serfHealth check that is not critical. Nodes without one are
/// external: nobody vouches for them, and their name may be taken over.
bool is_alive(const Step& step, const std::string& node) {
  const auto check = find_check(step.rows(), node, "serfHealth");
  return check && check->status != "critical";
}

/// Why `wanted` may not have the name of `holder`; "" = it may.
std::string name_conflict(const Step& step, const api::Node& wanted,
                          const std::optional<api::Node>& holder, bool renaming) {
  if (!holder || wanted.id.empty() || equal_ignoring_case(holder->id, wanted.id)) return {};
  if (holder->id.empty() && !renaming) return {};
  if (!is_alive(step, holder->node)) return {};
  return "Error while renaming Node ID: \"" + wanted.id + "\": Node name " + wanted.node +
         " is reserved by node " + holder->id + " with name " + holder->node + " (" +
         holder->address + ")";
}

void touch_nodes(Step& step, const std::string& node) {
  step.meta().nodes_index = step.revision();
  step.touch(TopicKind::nodes);
  step.bump_node(node);
}

}  // namespace

std::string ensure_node(Step& step, const api::Node& wanted) {
  const auto holder = find_node(step.rows(), wanted.node);
  const auto known = wanted.id.empty() ? std::nullopt : find_node_by_id(step.rows(), wanted.id);
  const bool renaming = known && !equal_ignoring_case(known->node, wanted.node);
  if (std::string error = name_conflict(step, wanted, holder, renaming); !error.empty()) {
    return error;
  }

  api::Node node = wanted;
  node.create_index = holder ? holder->create_index : step.revision();
  node.modify_index = holder ? holder->modify_index : step.revision();
  if (node.id.empty() && holder) node.id = holder->id;
  if (holder && node == *holder) return {};

  node.modify_index = step.revision();
  if (holder && !holder->id.empty() && !equal_ignoring_case(holder->id, node.id)) {
    step.erase(node_id_key(holder->id));
  }
  step.put_object(TopicKind::node, node.node, node_key(node.node), api::encode_record(node));
  if (!node.id.empty()) step.put_record(node_id_key(node.id), NodeRef{node.node});
  if (renaming) {
    step.pending().push_back(
        {.kind = RemovalKind::node, .name = known->node, .begun = step.revision()});
  }
  touch_nodes(step, node.node);
  bump_services_of_node(step, node.node);
  return {};
}

void erase_node(Step& step, const api::Node& node) {
  step.erase_object(TopicKind::node, node.node, node_key(node.node));
  // After a rename the id belongs to another name.
  const auto ref = read_row<NodeRef>(step.rows(), node_id_key(node.id));
  if (ref && equal_ignoring_case(ref->node, node.node)) step.erase(node_id_key(node.id));
  erase_coordinate(step, node.node);
  step.meta().nodes_index = step.revision();
  step.touch(TopicKind::nodes);
  step.node_extinct(node.node);
}

void bump_services_of_node(Step& step, const std::string& node) {
  std::set<std::string> names;
  visit_node_services(step.rows(), node, [&](const api::NodeService& service) {
    names.insert(to_lower_ascii(service.service));
    return true;
  });
  for (const std::string& name : names) step.bump_service(name);
}

}  // namespace conclave::daemon
