// LocalState as agent/sync sees it: what is in sync with the catalog and what is not.

#include "agent/local/local_state.h"

namespace conclave::agent {

void LocalState::reconcile_with(const CatalogImage& catalog) {
  if (!reconcile(image_, catalog).empty()) changes_.notify_all();
}

void LocalState::service_sent(const api::NodeService& sent) {
  const auto it = image_.services.find(sent.id);
  if (it == image_.services.end() || it->second.service != sent) return;
  image_.unsynced_services.erase(sent.id);
  it->second.tags_unsent = false;
}

void LocalState::check_sent(const api::HealthCheck& sent) {
  const auto it = image_.checks.find(sent.check_id);
  if (it == image_.checks.end() || it->second.check != sent) return;
  image_.unsynced_checks.erase(sent.check_id);
  it->second.output_due.reset();
}

void LocalState::node_sent(const api::Node& sent) {
  if (image_.node == sent) image_.node_in_sync = true;
}

void LocalState::service_removal_sent(const std::string& id) {
  image_.removed_services.erase(id);
  // The catalog removed the checks together with the service.
  std::erase_if(image_.removed_checks,
                [&](const auto& item) { return item.second.service_id == id; });
}

void LocalState::check_removal_sent(const std::string& id) { image_.removed_checks.erase(id); }

std::optional<Nanos> LocalState::release_due_outputs() {
  while (!due_outputs_.empty() && due_outputs_.begin()->first <= clock_.boot_now()) {
    const auto due = due_outputs_.extract(due_outputs_.begin());
    const auto row = image_.checks.find(due.mapped());
    if (row == image_.checks.end() || row->second.output_due != due.key()) continue;
    row->second.output_due.reset();
    image_.unsynced_checks.insert(due.mapped());
  }
  if (due_outputs_.empty()) return std::nullopt;
  return due_outputs_.begin()->first;
}

}  // namespace conclave::agent
