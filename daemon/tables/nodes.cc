#include "daemon/tables/nodes.h"

#include "base/core/text.h"
#include "daemon/tables/key.h"
#include "daemon/tables/row.h"

namespace conclave::daemon {

std::string node_key(std::string_view name) { return name_key(Table::nodes, name); }
std::string node_id_key(std::string_view id) { return name_key(Table::node_ids, id); }

std::optional<api::Node> find_node(const ReadRows& rows, std::string_view name) {
  return read_row<api::Node>(rows, node_key(name));
}

std::optional<api::Node> find_node_by_id(const ReadRows& rows, std::string_view id) {
  const auto ref = read_row<NodeRef>(rows, node_id_key(id));
  return ref ? find_node(rows, ref->node) : std::nullopt;
}

std::optional<api::Node> find_node_by_id_prefix(const ReadRows& rows, std::string_view prefix) {
  std::optional<NodeRef> found;
  int matches = 0;
  visit_rows<NodeRef>(rows, table_key(Table::node_ids) + to_lower_ascii(prefix),
                      [&](const NodeRef& ref) {
                        found = ref;
                        return ++matches < 2;
                      });
  return matches == 1 ? find_node(rows, found->node) : std::nullopt;
}

void visit_nodes(const ReadRows& rows, FunctionRef<bool(const api::Node&)> visit) {
  visit_rows<api::Node>(rows, table_key(Table::nodes), visit);
}

}  // namespace conclave::daemon
