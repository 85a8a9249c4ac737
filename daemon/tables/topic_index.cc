#include "daemon/tables/topic_index.h"

#include <algorithm>

#include "daemon/tables/key.h"
#include "daemon/tables/meta.h"
#include "daemon/tables/row.h"

namespace conclave::daemon {
namespace {

std::uint64_t not_zero(std::uint64_t index) { return std::max<std::uint64_t>(index, 1); }

}  // namespace

std::string service_index_key(std::string_view service) {
  return name_key(Table::service_indexes, service);
}

std::string node_index_key(std::string_view node) { return name_key(Table::node_indexes, node); }

std::uint64_t service_index(const ReadRows& rows, std::string_view service) {
  if (const auto row = read_row<IndexRow>(rows, service_index_key(service))) return row->index;
  const Meta meta = read_meta(rows);
  if (meta.service_extinction_index != 0) return meta.service_extinction_index;
  return not_zero(std::max({meta.nodes_index, meta.services_index, meta.checks_index}));
}

std::uint64_t node_index(const ReadRows& rows, std::string_view node) {
  if (const auto row = read_row<IndexRow>(rows, node_index_key(node))) return row->index;
  const Meta meta = read_meta(rows);
  if (meta.node_extinction_index != 0) return meta.node_extinction_index;
  return not_zero(meta.nodes_index);
}

}  // namespace conclave::daemon
