#pragma once

/// What the catalog has of one node, as an agent compares it with its own state (contract 6.5) and
/// as alias checks read it.

#include <map>
#include <optional>
#include <string>

#include "api/model/catalog.h"

namespace conclave::api {

struct CatalogImage {
  std::optional<Node> node;                     ///< None: the catalog does not know it.
  std::map<std::string, NodeService> services;  ///< By service id.
  std::map<std::string, HealthCheck> checks;    ///< By check id.
};

}  // namespace conclave::api
