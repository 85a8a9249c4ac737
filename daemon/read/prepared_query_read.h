#pragma once

/// Reads of prepared queries (contract 13): the table, and what a query finds.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/model/catalog.h"
#include "api/model/prepared_query.h"
#include "base/core/result.h"
#include "base/core/rng.h"
#include "daemon/read/distance.h"
#include "daemon/store/rows.h"

namespace conclave::daemon {

struct QueryListing {
  std::vector<api::PreparedQuery> queries;
  std::uint64_t index = 0;
};
/// What X-Consul-Index is for reads of queries: of the last change of any. Never 0.
std::uint64_t query_index(const ReadRows& rows);
QueryListing list_queries(const ReadRows& rows);
/// None or one, by id only.
QueryListing read_query(const ReadRows& rows, std::string_view id);

/// The query that is meant by an id or a name: the one with the id, else that of exactly the name,
/// else the template with the longest name that this one begins with; templates filled in.
Result<std::optional<api::PreparedQuery>> resolve_query(const ReadRows& rows,
                                                        std::string_view id_or_name);

struct QueryExecution {
  /// By the request; it goes before the query's own `Near`.
  Viewpoint from;
  std::string agent_node;  ///< What "_agent" is.
  bool connect = false;    ///< Only instances that take part in a service mesh; here, none do.
  std::int64_t limit = 0;  ///< At most so many; 0 and less = all.
};
/// The instances that the query is for, in random order, but by distance where that is asked for
/// and known.
std::vector<api::ServiceEntry> execute_query(const ReadRows& rows, const api::ServiceQuery& query,
                                             const QueryExecution& how, Rng& rng);

}  // namespace conclave::daemon
