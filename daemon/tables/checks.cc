#include "daemon/tables/checks.h"

#include "base/core/assert.h"
#include "daemon/tables/key.h"
#include "daemon/tables/row.h"

namespace conclave::daemon {
namespace {

void visit_refs(const ReadRows& rows, const std::string& prefix, CheckVisitor visit) {
  visit_rows<CheckRef>(rows, prefix, [&](const CheckRef& ref) {
    const auto check = find_check(rows, ref.node, ref.id);
    CONCLAVE_ASSERT(check.has_value());
    return visit(*check);
  });
}

}  // namespace

std::string check_key(std::string_view node, std::string_view id) {
  return name_key(Table::checks, node, id);
}

std::string check_by_service_key(std::string_view node, std::string_view service_id,
                                 std::string_view id) {
  return name_key(Table::checks_by_service, node, service_id, id);
}

std::string check_by_name_key(std::string_view service, std::string_view node,
                              std::string_view id) {
  return name_key(Table::checks_by_name, service, node, id);
}

std::string check_by_status_key(std::string_view status, std::string_view node,
                                std::string_view id) {
  return name_key(Table::checks_by_status, status, node, id);
}

std::optional<api::HealthCheck> find_check(const ReadRows& rows, std::string_view node,
                                           std::string_view id) {
  return read_row<api::HealthCheck>(rows, check_key(node, id));
}

void visit_checks(const ReadRows& rows, CheckVisitor visit) {
  visit_rows<api::HealthCheck>(rows, table_key(Table::checks), visit);
}

void visit_node_checks(const ReadRows& rows, std::string_view node, CheckVisitor visit) {
  visit_rows<api::HealthCheck>(rows, name_key(Table::checks, node), visit);
}

void visit_service_checks(const ReadRows& rows, std::string_view node, std::string_view service_id,
                          CheckVisitor visit) {
  visit_refs(rows, name_key(Table::checks_by_service, node, service_id), visit);
}

void visit_checks_by_name(const ReadRows& rows, std::string_view service, CheckVisitor visit) {
  visit_refs(rows, name_key(Table::checks_by_name, service), visit);
}

void visit_checks_by_status(const ReadRows& rows, std::string_view status, CheckVisitor visit) {
  visit_refs(rows, name_key(Table::checks_by_status, status), visit);
}

}  // namespace conclave::daemon
