#pragma once

/// One evaluation of an alias check (contract 7.3): of this node from the local state, of others
/// from the catalog.

#include <functional>
#include <string>

#include "agent/local/local_state.h"
#include "agent/rules/alias.h"
#include "agent/rules/sync_image.h"
#include "api/model/agent_check.h"
#include "base/run/loop.h"

namespace conclave::agent {

/// What the catalog has of a node; wired to the servers by the composition root.
using NodeLookup = std::function<Task<Result<CatalogImage>>(std::string node)>;

/// True when the target is this agent's own node.
bool alias_is_local(const LocalState& local, const api::CheckDefinition& check);
CheckResult judge_local_alias(const LocalState& local, const api::CheckDefinition& check);
Task<CheckResult> probe_remote_alias(NodeLookup lookup, api::CheckDefinition check);

}  // namespace conclave::agent
