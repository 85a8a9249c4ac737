#include "daemon/state/catalog.h"

#include <array>
#include <string>
#include <utility>

#include "base/core/text.h"
#include "base/core/uuid.h"
#include "daemon/state/check.h"
#include "daemon/state/node.h"
#include "daemon/state/removal.h"
#include "daemon/state/service.h"
#include "daemon/store/overlay.h"
#include "daemon/tables/nodes.h"

namespace conclave::daemon {
namespace {

constexpr std::size_t uuid_text_bytes = 36;

std::string node_objection(const Register& command) {
  if (command.node.node.empty()) return "Must provide node";
  if (command.node.address.empty() && !command.skip_node_update) {
    return "Must provide address if SkipNodeUpdate is not set";
  }
  return id_objection(command.node.id);
}

}  // namespace

std::string id_objection(const std::string& id) {
  if (id.empty() || is_uuid(id)) return {};
  return id.size() == uuid_text_bytes ? "Bad node ID: uuid is improperly formatted"
                                      : "Bad node ID: uuid string is wrong length";
}

std::string complete_service(api::NodeService& service) {
  static constexpr std::array any_addresses = {"0.0.0.0", "::", "[::]"};
  if (service.service.empty()) return "Must provide service name with ID";
  if (service.id.empty()) service.id = service.service;
  for (const char* any : any_addresses) {
    if (service.address == any) return "Invalid service address";
  }
  return {};
}

std::string complete_check(api::HealthCheck& check, const std::string& node) {
  if (check.check_id.empty()) check.check_id = check.name;
  if (check.check_id.empty()) return "Must provide check name or ID";
  if (!check.node.empty() && !equal_ignoring_case(check.node, node)) {
    return "check node \"" + check.node + "\" does not match node \"" + node + "\"";
  }
  check.node = node;
  if (check.status.empty()) check.status = "critical";
  return {};
}

namespace {

/// Returns why not, or "".
std::string register_all(Step& step, Register command) {
  if (std::string error = node_objection(command); !error.empty()) return error;
  const auto known = find_node(step.rows(), command.node.node);
  if (!known || !command.skip_node_update) {
    if (std::string error = ensure_node(step, command.node); !error.empty()) return error;
  }
  const std::string node = known && command.skip_node_update ? known->node : command.node.node;
  if (command.service) {
    if (std::string error = complete_service(*command.service); !error.empty()) return error;
    ensure_service(step, node, *command.service);
  }
  for (api::HealthCheck& check : command.checks) {
    if (std::string error = complete_check(check, node); !error.empty()) return error;
    if (std::string error = ensure_check(step, check); !error.empty()) return error;
  }
  return {};
}

Removal removal_of(const Deregister& command, std::uint64_t begun) {
  if (!command.service_id.empty()) {
    return {.kind = RemovalKind::service,
            .name = command.node,
            .second = command.service_id,
            .begun = begun};
  }
  if (!command.check_id.empty()) {
    return {.kind = RemovalKind::check,
            .name = command.node,
            .second = command.check_id,
            .begun = begun};
  }
  return {.kind = RemovalKind::node, .name = command.node, .begun = begun};
}

}  // namespace

Outcome apply_register(const Register& command, const ApplyTime& time, Rows& rows,
                       ChangeSet& changes) {
  Overlay overlay(rows);
  Step step(overlay, time);
  Outcome outcome;
  outcome.error = register_all(step, command);
  if (!outcome.error.empty()) {
    outcome.revision = read_meta(rows).revision;
    return outcome;
  }
  outcome.done = true;
  run_removals(step);
  outcome = step.finish(std::move(outcome), changes);
  overlay.flush();
  return outcome;
}

Outcome apply_deregister(const Deregister& command, const ApplyTime& time, Rows& rows,
                         ChangeSet& changes) {
  Step step(rows, time);
  Outcome outcome;
  if (command.node.empty()) {
    outcome.error = "Must provide node";
  } else {
    step.pending().push_back(removal_of(command, step.revision()));
    run_removals(step);
    outcome.done = true;
  }
  return step.finish(std::move(outcome), changes);
}

}  // namespace conclave::daemon
