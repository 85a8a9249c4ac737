#include "agent/rules/sync_plan.h"

#include <utility>

#include "agent/rules/status.h"

namespace conclave::agent {

namespace {

using Kind = SyncOperation::Kind;

bool same_node(const api::Node& a, const api::Node& b) {
  return a.id == b.id && a.address == b.address && a.tagged_addresses == b.tagged_addresses &&
         a.meta == b.meta;
}

bool same_service(const api::NodeService& mine, api::NodeService theirs) {
  theirs.create_index = mine.create_index;
  theirs.modify_index = mine.modify_index;
  return mine == theirs;
}

bool same_check(const LocalCheck& mine, api::HealthCheck theirs, bool tags_count) {
  theirs.create_index = mine.check.create_index;
  theirs.modify_index = mine.check.modify_index;
  theirs.node = mine.check.node;
  // The catalog may keep what it learned of the definition elsewhere; an agent's own is {}.
  theirs.definition = mine.check.definition;
  if (mine.output_due) theirs.output = mine.check.output;
  if (!tags_count) theirs.service_tags = mine.check.service_tags;
  return mine.check == theirs;
}

void mark(std::set<std::string>& unsynced, const std::string& id, bool in_sync) {
  if (in_sync) {
    unsynced.erase(id);
  } else {
    unsynced.insert(id);
  }
}

bool tags_are_the_catalogs(const LocalImage& local, const std::string& service_id) {
  const auto it = local.services.find(service_id);
  return it != local.services.end() && it->second.service.enable_tag_override;
}

std::set<std::string> reconcile_services(LocalImage& local, const CatalogImage& catalog) {
  std::set<std::string> retagged;
  for (auto& [id, mine] : local.services) {
    const auto theirs = catalog.services.find(id);
    if (theirs == catalog.services.end()) {
      mark(local.unsynced_services, id, false);
      continue;
    }
    if (mine.service.enable_tag_override && !mine.tags_unsent &&
        mine.service.tags != theirs->second.tags) {
      mine.service.tags = theirs->second.tags;
      retagged.insert(id);
    }
    mark(local.unsynced_services, id, same_service(mine.service, theirs->second));
  }
  std::erase_if(local.removed_services,
                [&](const auto& item) { return !catalog.services.contains(item.first); });
  for (const auto& [id, theirs] : catalog.services) {
    if (id == consul_service_id || local.services.contains(id)) continue;
    local.removed_services.try_emplace(id);
  }
  return retagged;
}

void reconcile_checks(LocalImage& local, const CatalogImage& catalog) {
  for (auto& [id, mine] : local.checks) {
    const auto theirs = catalog.checks.find(id);
    mark(
        local.unsynced_checks, id,
        theirs != catalog.checks.end() &&
            same_check(mine, theirs->second, !tags_are_the_catalogs(local, mine.check.service_id)));
  }
  std::erase_if(local.removed_checks,
                [&](const auto& item) { return !catalog.checks.contains(item.first); });
  for (const auto& [id, theirs] : catalog.checks) {
    if (id == serf_health_id || local.checks.contains(id)) continue;
    local.removed_checks.try_emplace(id, theirs.service_id, "");
  }
}

SyncOperation registration(const LocalImage& local, const std::string& id, const LocalService& mine,
                           std::set<std::string>& carried) {
  SyncOperation operation{Kind::register_service, id, {}, mine.token};
  for (const std::string& check_id : local.unsynced_checks) {
    const LocalCheck& check = local.checks.at(check_id);
    if (check.check.service_id != id || check.token != mine.token) continue;
    operation.checks.push_back(check_id);
    carried.insert(check_id);
  }
  return operation;
}

}  // namespace

std::set<std::string> reconcile(LocalImage& local, const CatalogImage& catalog) {
  local.node_in_sync = catalog.node.has_value() && same_node(local.node, *catalog.node);
  std::set<std::string> retagged = reconcile_services(local, catalog);
  reconcile_checks(local, catalog);
  return retagged;
}

std::vector<SyncOperation> plan(const LocalImage& local) {
  std::vector<SyncOperation> operations;
  std::set<std::string> carried;
  for (const auto& [id, token] : local.removed_services) {
    operations.push_back({Kind::deregister_service, id, {}, token});
  }
  for (const std::string& id : local.unsynced_services) {
    operations.push_back(registration(local, id, local.services.at(id), carried));
  }
  for (const auto& [id, gone] : local.removed_checks) {
    if (local.removed_services.contains(gone.service_id)) continue;
    operations.push_back({Kind::deregister_check, id, {}, gone.token});
  }
  for (const std::string& id : local.unsynced_checks) {
    if (carried.contains(id)) continue;
    operations.push_back({Kind::register_check, id, {}, local.checks.at(id).token});
  }
  if (!local.node_in_sync) operations.push_back({Kind::node, {}, {}, {}});
  return operations;
}

}  // namespace conclave::agent
