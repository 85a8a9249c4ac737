#include "daemon/tables/prepared_queries.h"

#include "daemon/tables/key.h"
#include "daemon/tables/row.h"

namespace conclave::daemon {

std::string query_key(std::string_view id) { return name_key(Table::queries, id); }

std::string query_name_key(std::string_view name) { return name_key(Table::query_names, name); }

std::string query_by_session_key(std::string_view session, std::string_view id) {
  return name_key(Table::queries_by_session, session, id);
}

bool has_name_row(const api::PreparedQuery& query) {
  return !query.name.empty() || query.is_template();
}

std::optional<api::PreparedQuery> find_query(const ReadRows& rows, std::string_view id) {
  return read_row<api::PreparedQuery>(rows, query_key(id));
}

std::optional<QueryRef> find_query_name(const ReadRows& rows, std::string_view name) {
  return read_row<QueryRef>(rows, query_name_key(name));
}

std::optional<QueryRef> find_query_template(const ReadRows& rows, std::string_view name) {
  name = name.substr(0, template_name_bytes_max);
  for (std::size_t size = name.size() + 1; size-- > 0;) {
    auto ref = find_query_name(rows, name.substr(0, size));
    if (ref && ref->is_template) return ref;
  }
  return std::nullopt;
}

void visit_queries(const ReadRows& rows, FunctionRef<bool(const api::PreparedQuery&)> visit) {
  visit_rows<api::PreparedQuery>(rows, table_key(Table::queries), visit);
}

void visit_session_queries(const ReadRows& rows, std::string_view session,
                           FunctionRef<bool(const QueryRef&)> visit) {
  visit_rows<QueryRef>(rows, name_key(Table::queries_by_session, session), visit);
}

}  // namespace conclave::daemon
