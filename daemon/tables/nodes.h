#pragma once

/// The node table, by name without case, and its index by node id.

#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "api/model/catalog.h"
#include "api/model/field.h"
#include "daemon/store/rows.h"

namespace conclave::daemon {

/// What the index by id holds: the node's name.
struct NodeRef {
  std::string node;
  static constexpr auto fields() { return std::tuple{api::field(1, "Node", &NodeRef::node)}; }
};

std::string node_key(std::string_view name);
std::string node_id_key(std::string_view id);

std::optional<api::Node> find_node(const ReadRows& rows, std::string_view name);
std::optional<api::Node> find_node_by_id(const ReadRows& rows, std::string_view id);
/// The node whose id begins with `prefix`, if there is exactly one (contract 8.2).
std::optional<api::Node> find_node_by_id_prefix(const ReadRows& rows, std::string_view prefix);
/// All nodes, by lower-case name.
void visit_nodes(const ReadRows& rows, FunctionRef<bool(const api::Node&)> visit);

}  // namespace conclave::daemon
