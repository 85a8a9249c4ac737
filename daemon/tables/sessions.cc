#include "daemon/tables/sessions.h"

#include "base/core/assert.h"
#include "daemon/tables/key.h"
#include "daemon/tables/row.h"

namespace conclave::daemon {

std::string session_key(std::string_view id) { return name_key(Table::sessions, id); }

std::string session_by_node_key(std::string_view node, std::string_view id) {
  return name_key(Table::sessions_by_node, node, id);
}

std::string session_by_check_key(std::string_view node, std::string_view check,
                                 std::string_view id) {
  return name_key(Table::sessions_by_check, node, check, id);
}

std::optional<api::Session> find_session(const ReadRows& rows, std::string_view id) {
  return read_row<api::Session>(rows, session_key(id));
}

void visit_sessions(const ReadRows& rows, FunctionRef<bool(const api::Session&)> visit) {
  visit_rows<api::Session>(rows, table_key(Table::sessions), visit);
}

void visit_node_sessions(const ReadRows& rows, std::string_view node,
                         FunctionRef<bool(const api::Session&)> visit) {
  const std::string prefix = name_key(Table::sessions_by_node, node);
  visit_rows<SessionRef>(rows, prefix, [&](const SessionRef& ref) {
    const auto session = find_session(rows, ref.id);
    CONCLAVE_ASSERT(session.has_value());
    return visit(*session);
  });
}

void visit_check_sessions(const ReadRows& rows, std::string_view node, std::string_view check,
                          FunctionRef<bool(const SessionRef&)> visit) {
  visit_rows<SessionRef>(rows, name_key(Table::sessions_by_check, node, check), visit);
}

}  // namespace conclave::daemon
