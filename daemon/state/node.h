#pragma once

/// Nodes of the catalog and their identity (contract 8.1).

#include <string>

#include "api/model/catalog.h"
#include "daemon/state/step.h"

namespace conclave::daemon {

/// Creates or changes a node; the same as before changes nothing. A registration without an id
/// keeps the one that is known. A known id under a new name renames: the old node, with all it has,
/// is left in step.pending(). Returns why not, or "".
std::string ensure_node(Step& step, const api::Node& wanted);

/// Removes the node's row, id and index; its services, checks and sessions are gone already.
void erase_node(Step& step, const api::Node& node);

/// A change of the node or of a node-level check concerns every service that runs there (contract
/// section 22).
void bump_services_of_node(Step& step, const std::string& node);

}  // namespace conclave::daemon
