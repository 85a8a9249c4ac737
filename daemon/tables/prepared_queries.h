#pragma once

/// The table of prepared queries and its indexes by name and by session (contract 13).

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "api/model/field.h"
#include "api/model/prepared_query.h"
#include "daemon/store/rows.h"

namespace conclave::daemon {

/// A template's name is at most this long, so that the longest one that a name begins with is found
/// in as many look-ups.
inline constexpr std::size_t template_name_bytes_max = 256;

/// What an index row holds: the query's id.
struct QueryRef {
  std::string id;
  bool is_template = false;  ///< Only in the index by name.
  static constexpr auto fields() {
    return std::tuple{api::field(1, "ID", &QueryRef::id),
                      api::field(2, "Template", &QueryRef::is_template)};
  }
};

std::string query_key(std::string_view id);
/// Rows of this index: queries with a name, and the template without one.
std::string query_name_key(std::string_view name);
std::string query_by_session_key(std::string_view session, std::string_view id);
bool has_name_row(const api::PreparedQuery& query);

std::optional<api::PreparedQuery> find_query(const ReadRows& rows, std::string_view id);
/// The one of exactly this name, a template or not. "" finds the template without a name.
std::optional<QueryRef> find_query_name(const ReadRows& rows, std::string_view name);
/// The template with the longest name that `name` begins with.
std::optional<QueryRef> find_query_template(const ReadRows& rows, std::string_view name);
/// All queries, by id.
void visit_queries(const ReadRows& rows, FunctionRef<bool(const api::PreparedQuery&)> visit);
/// Those that end with the session, by id.
void visit_session_queries(const ReadRows& rows, std::string_view session,
                           FunctionRef<bool(const QueryRef&)> visit);

}  // namespace conclave::daemon
