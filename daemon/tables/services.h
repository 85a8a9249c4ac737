#pragma once

/// Service instances, by node and service id, and their index by service name. All names without
/// case.

#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "api/model/catalog.h"
#include "api/model/field.h"
#include "daemon/store/rows.h"

namespace conclave::daemon {

/// What the index by name holds: where the instance is.
struct ServiceRef {
  std::string node;
  std::string id;
  static constexpr auto fields() {
    return std::tuple{api::field(1, "Node", &ServiceRef::node),
                      api::field(2, "ID", &ServiceRef::id)};
  }
};

std::string service_key(std::string_view node, std::string_view id);
std::string service_by_name_key(std::string_view name, std::string_view node, std::string_view id);

std::optional<api::NodeService> find_service(const ReadRows& rows, std::string_view node,
                                             std::string_view id);
/// The instances on a node, by service id.
void visit_node_services(const ReadRows& rows, std::string_view node,
                         FunctionRef<bool(const api::NodeService&)> visit);
/// The instances of a service, by node name, then service id: the order of contract 8.2.
void visit_instances(const ReadRows& rows, std::string_view name,
                     FunctionRef<bool(const ServiceRef&)> visit);
/// All instances of all services, by service name, node name, service id.
void visit_all_instances(const ReadRows& rows, FunctionRef<bool(const ServiceRef&)> visit);

}  // namespace conclave::daemon
