#pragma once

/// Health checks, by node and check id, and their indexes by service instance, service name and
/// status. All names without case.

#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "api/model/catalog.h"
#include "api/model/field.h"
#include "daemon/store/rows.h"

namespace conclave::daemon {

/// What an index row holds: where the check is.
struct CheckRef {
  std::string node;
  std::string id;
  static constexpr auto fields() {
    return std::tuple{api::field(1, "Node", &CheckRef::node), api::field(2, "ID", &CheckRef::id)};
  }
};

std::string check_key(std::string_view node, std::string_view id);
std::string check_by_service_key(std::string_view node, std::string_view service_id,
                                 std::string_view id);
std::string check_by_name_key(std::string_view service, std::string_view node, std::string_view id);
std::string check_by_status_key(std::string_view status, std::string_view node,
                                std::string_view id);

std::optional<api::HealthCheck> find_check(const ReadRows& rows, std::string_view node,
                                           std::string_view id);
using CheckVisitor = FunctionRef<bool(const api::HealthCheck&)>;
/// All checks, by node name, then check id.
void visit_checks(const ReadRows& rows, CheckVisitor visit);
/// All checks of a node, its services' included, by check id.
void visit_node_checks(const ReadRows& rows, std::string_view node, CheckVisitor visit);
/// The checks of one instance, by check id; with service_id "" those of the node itself.
void visit_service_checks(const ReadRows& rows, std::string_view node, std::string_view service_id,
                          CheckVisitor visit);
/// The checks bound to any instance of a service, by node name, then check id.
void visit_checks_by_name(const ReadRows& rows, std::string_view service, CheckVisitor visit);
/// The checks in a status, by node name, then check id.
void visit_checks_by_status(const ReadRows& rows, std::string_view status, CheckVisitor visit);

}  // namespace conclave::daemon
