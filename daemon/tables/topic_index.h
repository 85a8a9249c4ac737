#pragma once

/// The topic-index rows: the revision of the last change that concerns one service or one node, so
/// that the index of contract 2.3 is one lookup. They are there as long as the service has an
/// instance, the node is registered; after that the extinction indexes of Meta count. Indexes of
/// whole tables are in Meta.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "api/model/field.h"
#include "daemon/store/rows.h"

namespace conclave::daemon {

struct IndexRow {
  std::uint64_t index = 0;
  static constexpr auto fields() { return std::tuple{api::field(1, "Index", &IndexRow::index)}; }
};

std::string service_index_key(std::string_view service);
std::string node_index_key(std::string_view node);

/// What X-Consul-Index is for reads of one service (contract 2.3): its own index; without instances
/// the last extinction of any service; if that never happened the largest of nodes, services and
/// checks. Never 0.
std::uint64_t service_index(const ReadRows& rows, std::string_view service);
/// The same for /v1/catalog/node: the node's own, or the last extinction of any node. Never 0.
std::uint64_t node_index(const ReadRows& rows, std::string_view node);

}  // namespace conclave::daemon
