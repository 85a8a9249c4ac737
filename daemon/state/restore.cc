#include "daemon/state/restore.h"

#include <algorithm>
#include <type_traits>

#include "api/model/autopilot.h"
#include "api/model/ca_root.h"
#include "api/model/catalog.h"
#include "api/model/coordinate.h"
#include "api/model/event.h"
#include "api/model/kv.h"
#include "api/model/prepared_query.h"
#include "api/model/record.h"
#include "base/core/text.h"
#include "daemon/state/state_machine.h"
#include "daemon/tables/checks.h"
#include "daemon/tables/jobs.h"
#include "daemon/tables/key.h"
#include "daemon/tables/kv.h"
#include "daemon/tables/nodes.h"
#include "daemon/tables/prepared_queries.h"
#include "daemon/tables/requests.h"
#include "daemon/tables/services.h"
#include "daemon/tables/sessions.h"
#include "daemon/tables/topic_index.h"

namespace conclave::daemon {
namespace {

constexpr std::uint64_t known_feature_level = 1;

}  // namespace

RestoreBasis restore_basis(const ReadRows& present, std::uint64_t cluster_time_ms) {
  const Meta meta = read_meta(present);
  RestoreBasis basis{.revision = meta.revision,
                     .feature_level = meta.feature_level,
                     .cluster_time_ms = std::max(cluster_time_ms, stored_cluster_time_ms(present))};
  present.scan_prefix(table_key(Table::members), [&](std::string_view key, std::string_view row) {
    basis.members.emplace_back(key, row);
    return true;
  });
  return basis;
}

bool Restamping::is_member_key(std::string_view key) {
  return key.starts_with(table_key(Table::members));
}

Result<std::optional<std::string_view>> Restamping::row(std::string_view key,
                                                        std::string_view row) {
  auto stamped = stamp(key, row);
  if (stamped) return stamped;
  return fail(ErrorCode::corrupt,
              "the snapshot's row with key 0x" + encode_hex(key) +
                  " cannot be restored by this version: " + stamped.error().message);
}

Result<std::optional<std::string_view>> Restamping::stamp(std::string_view key,
                                                          std::string_view row) {
  const auto table = static_cast<Table>(key.front());
  if (!saw_meta() && table != Table::meta) {
    return fail(ErrorCode::corrupt, "it is not the first row of a state");
  }
  const auto with_modify_index = [this](auto& value) { value.modify_index = revision_; };
  switch (table) {
    case Table::meta:
      return stamp_meta(row);
    case Table::time:
      return stamp_time(row);
    case Table::kv:
      return change<api::KvEntry>(row, [this](api::KvEntry& entry) {
        entry.modify_index = revision_;
        // A fence never goes back, and the holder that is restored is the only one.
        if (entry.fence != 0) entry.fence = revision_;
      });
    case Table::autopilot:
      return change<api::AutopilotConfig>(row, with_modify_index);
    case Table::ca_root:
      return change<api::CaRoot>(row, with_modify_index);
    case Table::sessions:
      return change<api::Session>(row, with_modify_index);
    case Table::nodes:
      return change<api::Node>(row, with_modify_index);
    case Table::services:
      return change<api::NodeService>(row, with_modify_index);
    case Table::checks:
      return change<api::HealthCheck>(row, with_modify_index);
    case Table::queries:
      return change<api::PreparedQuery>(row, with_modify_index);
    case Table::coordinates:
      return change<api::NodeCoordinate>(row, with_modify_index);
    case Table::service_indexes:
    case Table::node_indexes:
      return change<IndexRow>(row, [this](IndexRow& index) { index.index = revision_; });
    case Table::jobs:
      // What it removes is now as new as the rest; what comes later is newer.
      return change<JobRow>(row, [this](JobRow& job) {
        for (Removal& removal : job.removals) removal.begun = revision_;
      });
    case Table::kv_by_session:
    case Table::lock_delay_ends:
      return keep<KeyRow>(row);
    case Table::lock_delays:
      return keep<LockDelay>(row);
    case Table::sessions_by_node:
    case Table::sessions_by_check:
      return keep<SessionRef>(row);
    case Table::query_names:
    case Table::queries_by_session:
      return keep<QueryRef>(row);
    case Table::node_ids:
      return keep<NodeRef>(row);
    case Table::services_by_name:
      return keep<ServiceRef>(row);
    case Table::checks_by_service:
    case Table::checks_by_name:
    case Table::checks_by_status:
      return keep<CheckRef>(row);
    case Table::events:
      return keep<api::UserEvent>(row);
    case Table::requests:
      return keep<RequestRow>(row);
    case Table::request_order:
      return keep<RequestOrderRow>(row);
    case Table::tombstones:
    case Table::tombstone_revisions:
    case Table::changes:
    case Table::members:
      return std::optional<std::string_view>();
  }
  return fail(ErrorCode::corrupt, "it is of a table that is not known");
}

Result<std::optional<std::string_view>> Restamping::stamp_meta(std::string_view row) {
  return change<Meta>(row, [this](Meta& meta) {
    revision_ = std::max(meta.revision, basis_.revision) + restore_revision_step;
    meta.revision = meta.index_floor = revision_;
    meta.feature_level = std::max(meta.feature_level, basis_.feature_level);
    meta.kv_index = meta.sessions_index = meta.nodes_index = revision_;
    meta.services_index = meta.checks_index = meta.members_index = revision_;
    meta.queries_index = meta.coordinates_index = revision_;
    meta.service_extinction_index = meta.node_extinction_index = revision_;
    meta.changes_count = meta.changes_bytes = 0;
    meta.changes_floor = revision_;
  });
}

/// Time never goes back: neither the cluster's nor what the snapshot's deadlines are judged by.
Result<std::optional<std::string_view>> Restamping::stamp_time(std::string_view row) {
  return change<TimeRow>(row, [this](TimeRow& time) {
    time.cluster_time_ms = std::max(time.cluster_time_ms, basis_.cluster_time_ms);
  });
}

template <class T>
Result<std::optional<std::string_view>> Restamping::keep(std::string_view row) {
  CONCLAVE_TRY(api::decode_record<T>(row));
  return std::optional(row);
}

template <class T, class Change>
Result<std::optional<std::string_view>> Restamping::change(std::string_view row, Change change) {
  CONCLAVE_TRY_ASSIGN(T value, api::decode_record<T>(row));
  change(value);
  if constexpr (std::is_same_v<T, Meta>) {
    if (value.feature_level > known_feature_level) {
      return fail(ErrorCode::corrupt, "it needs a later version");
    }
  }
  changed_ = api::encode_record(value);
  return std::optional<std::string_view>(changed_);
}

}  // namespace conclave::daemon
