// LocalState: maintenance mode of the node and of services (contract 6.2).

#include <utility>

#include "agent/local/local_state.h"
#include "agent/rules/status.h"
#include "base/run/log.h"

namespace conclave::agent {

namespace {

std::string default_reason(std::string_view what) {
  return "Maintenance mode is enabled for this " + std::string(what) +
         ", but no reason was provided. This is a default message.";
}

std::string maintenance_id(const std::string& service_id) {
  if (service_id.empty()) return std::string(node_maintenance_id);
  return std::string(service_maintenance_prefix) + service_id;
}

api::CheckDefinition maintenance_check(const std::string& service_id, std::string reason) {
  const bool node = service_id.empty();
  api::CheckDefinition check;
  check.id = maintenance_id(service_id);
  check.name = node ? "Node Maintenance Mode" : "Service Maintenance Mode";
  check.notes = !reason.empty() ? std::move(reason) : default_reason(node ? "node" : "service");
  check.status = status_text(CheckStatus::critical);
  check.service_id = service_id;
  return check;
}

}  // namespace

Result<void> LocalState::enable_maintenance(const std::string& service_id, std::string reason) {
  if (!service_id.empty() && !services_.contains(service_id)) return unknown_service(service_id);
  if (checks_.contains(maintenance_id(service_id))) return {};
  CONCLAVE_TRY(put_check(maintenance_check(service_id, std::move(reason)), Source::api));
  log_info("agent", "Entered maintenance mode: {}",
           service_id.empty() ? "node" : "service=" + service_id);
  changes_.notify_all();
  return {};
}

Result<void> LocalState::disable_maintenance(const std::string& service_id) {
  if (!service_id.empty() && !services_.contains(service_id)) return unknown_service(service_id);
  const std::string id = maintenance_id(service_id);
  if (!checks_.contains(id)) return {};
  drop_check(id);
  log_info("agent", "Left maintenance mode: {}",
           service_id.empty() ? "node" : "service=" + service_id);
  changes_.notify_all();
  return {};
}

}  // namespace conclave::agent
