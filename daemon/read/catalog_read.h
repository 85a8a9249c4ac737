#pragma once

/// Reads of the catalog (contract sections 8.2 and 2.3). Names are compared without case. Lists are
/// handed out element by element, for they may be of any size, or collected for those who need the
/// whole; either way with their index.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/model/catalog.h"
#include "api/query/filter.h"
#include "daemon/read/instance_filter.h"
#include "daemon/store/rows.h"

namespace conclave::daemon {

struct NodeListing {
  std::vector<api::Node> nodes;  ///< By name.
  std::uint64_t index = 0;
};
NodeListing list_nodes(const ReadRows& rows, const InstanceFilter& filter);
std::uint64_t list_nodes(const ReadRows& rows, const InstanceFilter& filter,
                         FunctionRef<void(api::Node&&)> take);

struct ServiceNames {
  std::map<std::string, std::vector<std::string>> tags;  ///< Name -> its tags, each once.
  std::uint64_t index = 0;
};
/// What asks about nodes, node_meta or an `expression` over instance and node, moves with them too.
ServiceNames list_services(const ReadRows& rows, const InstanceFilter& filter,
                           const api::Filter<api::ServiceNode>& expression = {});

struct ServiceListing {
  std::vector<api::ServiceNode> instances;  ///< By node name, then service id.
  std::uint64_t index = 0;
};
ServiceListing list_instances(const ReadRows& rows, std::string_view service,
                              const InstanceFilter& filter);
std::uint64_t list_instances(const ReadRows& rows, std::string_view service,
                             const InstanceFilter& filter,
                             FunctionRef<void(api::ServiceNode&&)> take);

struct NodeRead {
  std::optional<api::Node> node;
  std::vector<api::NodeService> services;  ///< By service id.
  std::uint64_t index = 0;
};
/// By name, else by id, else by a prefix of an id that fits one node only.
NodeRead read_node(const ReadRows& rows, std::string_view name_or_id);

/// Visits the wanted instances of a service in the order that all listings share: by node name,
/// then service id.
void visit_wanted_instances(
    const ReadRows& rows, std::string_view service, const InstanceFilter& filter,
    FunctionRef<void(const api::Node& node, const api::NodeService& instance)> visit);

}  // namespace conclave::daemon
