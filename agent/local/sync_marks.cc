// LocalState as agent/sync sees it: what is in sync with the catalog and what is not.

#include <algorithm>
#include <set>

#include "agent/local/local_state.h"

namespace conclave::agent {

void LocalState::reconcile_with(const CatalogImage& catalog) {
  if (!reconcile(image_, catalog).empty()) changed();
}

void LocalState::service_sent(const api::NodeService& sent) {
  const auto it = image_.services.find(sent.id);
  if (it == image_.services.end() || it->second.service != sent) return;
  it->second.in_sync = true;
  it->second.tags_unsent = false;
}

void LocalState::check_sent(const api::HealthCheck& sent) {
  const auto it = image_.checks.find(sent.check_id);
  if (it == image_.checks.end() || it->second.check != sent) return;
  it->second.in_sync = true;
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
  std::optional<Nanos> next;
  for (auto& [id, row] : image_.checks) {
    if (!row.output_due) continue;
    if (*row.output_due <= clock_.boot_now()) {
      row.output_due.reset();
      row.in_sync = false;
    } else {
      next = next ? std::min(*next, *row.output_due) : *row.output_due;
    }
  }
  return next;
}

}  // namespace conclave::agent
