#include "daemon/tables/services.h"

#include "daemon/tables/key.h"
#include "daemon/tables/row.h"

namespace conclave::daemon {

std::string service_key(std::string_view node, std::string_view id) {
  return name_key(Table::services, node, id);
}

std::string service_by_name_key(std::string_view name, std::string_view node, std::string_view id) {
  return name_key(Table::services_by_name, name, node, id);
}

std::optional<api::NodeService> find_service(const ReadRows& rows, std::string_view node,
                                             std::string_view id) {
  return read_row<api::NodeService>(rows, service_key(node, id));
}

void visit_node_services(const ReadRows& rows, std::string_view node,
                         FunctionRef<bool(const api::NodeService&)> visit) {
  visit_rows<api::NodeService>(rows, name_key(Table::services, node), visit);
}

void visit_instances(const ReadRows& rows, std::string_view name,
                     FunctionRef<bool(const ServiceRef&)> visit) {
  visit_rows<ServiceRef>(rows, name_key(Table::services_by_name, name), visit);
}

void visit_all_instances(const ReadRows& rows, FunctionRef<bool(const ServiceRef&)> visit) {
  visit_rows<ServiceRef>(rows, table_key(Table::services_by_name), visit);
}

}  // namespace conclave::daemon
