#pragma once

/// Register and Deregister (contract 8.1): what the request must say, and the parts in one atomic
/// step.

#include <string>

#include "daemon/command/command.h"
#include "daemon/state/change_set.h"
#include "daemon/state/state_machine.h"
#include "daemon/store/rows.h"

namespace conclave::daemon {

Outcome apply_register(const Register& command, const ApplyTime& time, Rows& rows,
                       ChangeSet& changes);
/// What is wrong with a node's id, or "".
std::string id_objection(const std::string& id);
/// Fill in what may be left out of a service, or of a check of that node; why not, or "".
std::string complete_service(api::NodeService& service);
std::string complete_check(api::HealthCheck& check, const std::string& node);
/// True also when nothing matches.
Outcome apply_deregister(const Deregister& command, const ApplyTime& time, Rows& rows,
                         ChangeSet& changes);

}  // namespace conclave::daemon
