#pragma once

/// The one row that nearly every command changes: the revision, the largest revision of each table
/// (contract 2.3), and the counters by which tables are kept within bounds. One row rather than
/// twenty, because a KV set then writes three rows and not five.

#include <cstdint>
#include <string>
#include <tuple>

#include "api/model/field.h"
#include "daemon/store/rows.h"

namespace conclave::daemon {

struct Meta {
  std::uint64_t revision = 0;
  std::uint64_t feature_level = 0;
  /// Tombstones up to this revision may be gone: an index that is read off tombstones is at least
  /// this.
  std::uint64_t index_floor = 0;
  // The revision of the last change of each table; 0 = never changed.
  std::uint64_t kv_index = 0;  ///< Entries and tombstones.
  std::uint64_t sessions_index = 0;
  std::uint64_t nodes_index = 0;
  std::uint64_t services_index = 0;
  std::uint64_t checks_index = 0;
  std::uint64_t members_index = 0;
  /// When any service last lost its last instance, any node was last removed; 0 = never.
  std::uint64_t service_extinction_index = 0;
  std::uint64_t node_extinction_index = 0;
  std::uint64_t changes_count = 0;  ///< Rows of the changes table.
  std::uint64_t changes_bytes = 0;  ///< Their sizes added up.
  std::uint64_t changes_floor = 0;  ///< Changes up to this revision were trimmed, in part or whole.
  std::uint64_t requests_count = 0;  ///< Rows of the requests table.
  std::uint64_t requests_next = 0;   ///< Sequence number of the next one.
  // As above; 0 = never changed.
  std::uint64_t queries_index = 0;
  std::uint64_t coordinates_index = 0;

  friend bool operator==(const Meta&, const Meta&) = default;
  static constexpr auto fields() {
    using api::field;
    return std::tuple{field(1, "Revision", &Meta::revision),
                      field(2, "FeatureLevel", &Meta::feature_level),
                      field(3, "IndexFloor", &Meta::index_floor),
                      field(4, "KvIndex", &Meta::kv_index),
                      field(5, "SessionsIndex", &Meta::sessions_index),
                      field(6, "NodesIndex", &Meta::nodes_index),
                      field(7, "ServicesIndex", &Meta::services_index),
                      field(8, "ChecksIndex", &Meta::checks_index),
                      field(9, "MembersIndex", &Meta::members_index),
                      field(10, "ServiceExtinctionIndex", &Meta::service_extinction_index),
                      field(11, "NodeExtinctionIndex", &Meta::node_extinction_index),
                      field(12, "ChangesCount", &Meta::changes_count),
                      field(13, "ChangesBytes", &Meta::changes_bytes),
                      field(14, "ChangesFloor", &Meta::changes_floor),
                      field(15, "RequestsCount", &Meta::requests_count),
                      field(16, "RequestsNext", &Meta::requests_next),
                      field(17, "QueriesIndex", &Meta::queries_index),
                      field(18, "CoordinatesIndex", &Meta::coordinates_index)};
  }
};

/// The cluster time of the last applied entry; a row of its own because it moves even when nothing
/// else does.
struct TimeRow {
  std::uint64_t cluster_time_ms = 0;

  static constexpr auto fields() {
    return std::tuple{api::field(1, "ClusterTime", &TimeRow::cluster_time_ms)};
  }
};

std::string meta_key();
std::string time_key();
/// All zero if the state was never initialised.
Meta read_meta(const ReadRows& rows);

}  // namespace conclave::daemon
