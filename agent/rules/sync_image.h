#pragma once

/// Both sides of anti-entropy as values: what this agent says of its node, and what the catalog has
/// of it (contract 6.5).

#include <map>
#include <optional>
#include <set>
#include <string>

#include "api/model/agent_catalog.h"
#include "api/model/catalog.h"
#include "base/core/duration.h"

namespace conclave::agent {

struct LocalService {
  api::NodeService service;
  std::string token;
  /// A registration changed the tags and the catalog was not told yet: its own do not count until
  /// then.
  bool tags_unsent = false;
};

struct LocalCheck {
  api::HealthCheck check;
  std::string token;
  /// Set: only the output changed, and the catalog is told at this boot time
  /// (check_update_interval).
  std::optional<Nanos> output_due;
};

/// What the agent owns. `removed_*`: to be deregistered, known to the catalog as far as we know.
struct LocalImage {
  api::Node node;
  bool node_in_sync = false;
  std::map<std::string, LocalService> services;
  std::map<std::string, LocalCheck> checks;
  /// Those that the catalog does not have like this: among thousands nobody has to look for them.
  std::set<std::string> unsynced_services;
  std::set<std::string> unsynced_checks;
  std::map<std::string, std::string> removed_services;  ///< id -> token
  struct RemovedCheck {
    std::string service_id;
    std::string token;
  };
  std::map<std::string, RemovedCheck> removed_checks;

  /// The catalog has to be told nothing.
  bool in_sync() const {
    return node_in_sync && unsynced_services.empty() && unsynced_checks.empty() &&
           removed_services.empty() && removed_checks.empty();
  }
};

using api::CatalogImage;

}  // namespace conclave::agent
