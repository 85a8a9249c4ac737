#pragma once

/// Which nodes and service instances a catalog or health read wants (contract sections 8.2 and 9).

#include <string>
#include <utility>
#include <vector>

#include "api/model/catalog.h"

namespace conclave::daemon {

struct InstanceFilter {
  std::vector<std::string> tags;                               ///< All of them, without case.
  std::vector<std::pair<std::string, std::string>> node_meta;  ///< All of them, exactly.

  bool wants_node(const api::Node& node) const;
  bool wants_service(const api::NodeService& service) const;
};

}  // namespace conclave::daemon
