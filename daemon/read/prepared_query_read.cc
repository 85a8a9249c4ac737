#include "daemon/read/prepared_query_read.h"

#include <algorithm>
#include <utility>

#include "base/core/text.h"
#include "base/core/uuid.h"
#include "daemon/read/health_read.h"
#include "daemon/read/query_template.h"
#include "daemon/tables/meta.h"
#include "daemon/tables/prepared_queries.h"

namespace conclave::daemon {

namespace {

bool has_all(const api::StringMap& has, const api::StringMap& wanted) {
  return std::ranges::all_of(wanted, [&](const auto& pair) {
    const auto found = has.find(pair.first);
    return found != has.end() && found->second == pair.second;
  });
}

bool has_tag(const api::NodeService& service, std::string_view wanted) {
  return std::ranges::any_of(
      service.tags, [&](const std::string& tag) { return equal_ignoring_case(tag, wanted); });
}

bool has_wanted_tags(const api::NodeService& service, const std::vector<std::string>& tags) {
  return std::ranges::all_of(tags, [&](std::string_view tag) {
    return tag.starts_with('!') ? !has_tag(service, tag.substr(1)) : has_tag(service, tag);
  });
}

bool is_healthy(const api::ServiceEntry& entry, const api::ServiceQuery& query) {
  return std::ranges::all_of(entry.checks, [&](const api::HealthCheck& check) {
    const bool ignored =
        std::ranges::find(query.ignore_check_ids, check.check_id) != query.ignore_check_ids.end();
    if (ignored) return true;
    return query.only_passing ? check.status == "passing" : check.status != "critical";
  });
}

template <class T>
void shuffle(std::vector<T>& elements, Rng& rng) {
  for (std::size_t left = elements.size(); left > 1; --left) {
    std::swap(elements[left - 1], elements[rng.below(left)]);
  }
}

/// From which node the entries are looked at; "" = from none.
std::string viewpoint_of(const ReadRows& rows, const api::ServiceQuery& query,
                         const QueryExecution& how) {
  Viewpoint from = how.from;
  if (from.near.empty()) from.near = query.near;
  if (from.near == "_agent") from.near = how.agent_node;
  return from.node(rows);
}

/// The node itself comes first, also where nothing is known of distances. As in Consul only if it
/// is among the first ten.
void put_first(std::vector<api::ServiceEntry>& entries, std::string_view node) {
  constexpr std::size_t depth = 10;
  for (std::size_t i = 0; i < std::min(entries.size(), depth); ++i) {
    if (!equal_ignoring_case(entries[i].node.node, node)) continue;
    return std::swap(entries[0], entries[i]);
  }
}

}  // namespace

std::uint64_t query_index(const ReadRows& rows) {
  return std::max<std::uint64_t>(read_meta(rows).queries_index, 1);
}

QueryListing list_queries(const ReadRows& rows) {
  QueryListing found{.queries = {}, .index = query_index(rows)};
  visit_queries(rows, [&](const api::PreparedQuery& query) {
    found.queries.push_back(query);
    return true;
  });
  return found;
}

QueryListing read_query(const ReadRows& rows, std::string_view id) {
  QueryListing found{.queries = {}, .index = query_index(rows)};
  if (auto query = find_query(rows, id)) found.queries.push_back(std::move(*query));
  return found;
}

Result<std::optional<api::PreparedQuery>> resolve_query(const ReadRows& rows,
                                                        std::string_view id_or_name) {
  // "" would be the template without a name.
  if (id_or_name.empty()) return std::nullopt;
  auto query = is_uuid(id_or_name) ? find_query(rows, id_or_name) : std::nullopt;
  if (!query) {
    auto ref = find_query_name(rows, id_or_name);
    if (!ref) ref = find_query_template(rows, id_or_name);
    if (ref) query = find_query(rows, ref->id);
  }
  if (!query || !query->is_template()) return query;
  CONCLAVE_TRY_ASSIGN(auto rendered, render_query(*query, id_or_name));
  return rendered;
}

std::vector<api::ServiceEntry> execute_query(const ReadRows& rows, const api::ServiceQuery& query,
                                             const QueryExecution& how, Rng& rng) {
  if (query.connect || how.connect) return {};
  std::vector<api::ServiceEntry> entries = list_health(rows, query.service, {}, false).entries;
  std::erase_if(entries, [&](const api::ServiceEntry& entry) {
    return !is_healthy(entry, query) || !has_all(entry.node.meta, query.node_meta) ||
           !has_all(entry.service.meta, query.service_meta) ||
           !has_wanted_tags(entry.service, query.tags);
  });
  shuffle(entries, rng);
  if (const std::string node = viewpoint_of(rows, query, how); !node.empty()) {
    sort_by_distance(rows, node, entries, [](const api::ServiceEntry& entry) {
      return std::string_view(entry.node.node);
    });
    put_first(entries, node);
  }
  const auto limit = static_cast<std::size_t>(std::max<std::int64_t>(how.limit, 0));
  if (limit > 0 && entries.size() > limit) entries.resize(limit);
  return entries;
}

}  // namespace conclave::daemon
