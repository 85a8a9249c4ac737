#pragma once

/// Command and Outcome: what a log entry asks of the state machine and what it answers. This is the
/// schema of the log: alternatives and fields are only ever added, with new numbers, behind a new
/// feature level. Everything that apply needs is in here: UUIDs are made by the proposer.

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "api/model/autopilot.h"
#include "api/model/ca_root.h"
#include "api/model/catalog.h"
#include "api/model/coordinate.h"
#include "api/model/event.h"
#include "api/model/field.h"
#include "api/model/kv.h"
#include "api/model/member.h"
#include "api/model/prepared_query.h"
#include "base/core/boxed.h"

namespace conclave::daemon {

/// What a KV operation does; the verbs of contract section 4, and PUT/DELETE of section 3.
enum class KvVerb : std::uint8_t {
  set = 0,
  cas,
  lock,
  unlock,
  get,
  get_or_empty,
  get_tree,
  check_index,
  check_session,
  check_not_exists,
  remove,
  remove_tree,
  remove_cas,
};

}  // namespace conclave::daemon

template <>
inline constexpr std::uint64_t conclave::api::enum_end<conclave::daemon::KvVerb> = 13;

namespace conclave::daemon {

/// One KV operation, alone or inside a transaction.
struct KvOp {
  static constexpr std::uint32_t record_tag = 1;
  KvVerb verb = KvVerb::set;
  std::string key;  ///< Or the prefix, for the tree verbs.
  api::Bytes value;
  std::uint64_t flags = 0;
  std::uint64_t index = 0;  ///< ModifyIndex operand of cas, check_index, remove_cas.
  std::string session;      ///< Operand of lock, unlock, check_session.

  friend bool operator==(const KvOp&, const KvOp&) = default;
  static constexpr auto fields() {
    using api::field;
    return std::tuple{field(1, "Verb", &KvOp::verb),   field(2, "Key", &KvOp::key),
                      field(3, "Value", &KvOp::value), field(4, "Flags", &KvOp::flags),
                      field(5, "Index", &KvOp::index), field(6, "Session", &KvOp::session)};
  }
};

enum class CatalogVerb : std::uint8_t { get = 0, set, cas, remove, remove_cas };

}  // namespace conclave::daemon

template <>
inline constexpr std::uint64_t conclave::api::enum_end<conclave::daemon::CatalogVerb> = 5;

namespace conclave::daemon {

/// One operation of a transaction on the catalog (contract 4): on the one object that is engaged,
/// whose ModifyIndex is the operand of cas and remove_cas.
struct CatalogOp {
  CatalogVerb verb = CatalogVerb::get;
  std::uint64_t at = 0;  ///< Its place among all operations of the transaction, ascending.
  std::optional<api::Node> node;
  std::string service_node;  ///< Where `service` is or comes to be.
  std::optional<api::NodeService> service;
  std::optional<api::HealthCheck> check;

  friend bool operator==(const CatalogOp&, const CatalogOp&) = default;
  static constexpr auto fields() {
    using api::field;
    return std::tuple{
        field(1, "Verb", &CatalogOp::verb),       field(2, "At", &CatalogOp::at),
        field(3, "Node", &CatalogOp::node),       field(4, "ServiceNode", &CatalogOp::service_node),
        field(5, "Service", &CatalogOp::service), field(6, "Check", &CatalogOp::check)};
  }
};

/// All or nothing; all errors are collected (contract 4). KV operations take the places that those
/// on the catalog leave free.
struct Txn {
  static constexpr std::uint32_t record_tag = 2;
  std::vector<KvOp> ops;
  std::vector<CatalogOp> catalog_ops = {};

  friend bool operator==(const Txn&, const Txn&) = default;
  static constexpr auto fields() {
    return std::tuple{api::field(1, "Ops", &Txn::ops),
                      api::field(2, "CatalogOps", &Txn::catalog_ops)};
  }
};

/// Contract 5.1; the ID is the proposer's. Checks are verified in apply.
struct SessionCreate {
  static constexpr std::uint32_t record_tag = 3;
  api::Session session;

  friend bool operator==(const SessionCreate&, const SessionCreate&) = default;
  static constexpr auto fields() {
    return std::tuple{api::field(1, "Session", &SessionCreate::session)};
  }
};

/// A session destroyed by a client or expired by the leader: the same to the state (contract 5.3).
struct SessionEnd {
  static constexpr std::uint32_t record_tag = 4;
  std::string id;
  bool expired = false;  ///< For logs and metrics only.

  friend bool operator==(const SessionEnd&, const SessionEnd&) = default;
  static constexpr auto fields() {
    return std::tuple{api::field(1, "ID", &SessionEnd::id),
                      api::field(2, "Expired", &SessionEnd::expired)};
  }
};

/// Contract 8.1: node, optionally one service and any number of checks, atomically.
struct Register {
  static constexpr std::uint32_t record_tag = 5;
  api::Node node;
  bool skip_node_update = false;
  std::optional<api::NodeService> service;
  std::vector<api::HealthCheck> checks;

  friend bool operator==(const Register&, const Register&) = default;
  static constexpr auto fields() {
    using api::field;
    return std::tuple{
        field(1, "Node", &Register::node), field(2, "SkipNodeUpdate", &Register::skip_node_update),
        field(3, "Service", &Register::service), field(4, "Checks", &Register::checks)};
  }
};

/// A service with its checks, one check, or (both empty) a whole node.
struct Deregister {
  static constexpr std::uint32_t record_tag = 6;
  std::string node;
  std::string service_id;
  std::string check_id;

  friend bool operator==(const Deregister&, const Deregister&) = default;
  static constexpr auto fields() {
    using api::field;
    return std::tuple{field(1, "Node", &Deregister::node),
                      field(2, "ServiceID", &Deregister::service_id),
                      field(3, "CheckID", &Deregister::check_id)};
  }
};

/// Writes or removes (`remove`) a row of the member table.
struct MemberUpdate {
  static constexpr std::uint32_t record_tag = 7;
  api::Member member;  ///< `since` and `modify_index` are set in apply.
  bool remove = false;

  friend bool operator==(const MemberUpdate&, const MemberUpdate&) = default;
  static constexpr auto fields() {
    return std::tuple{api::field(1, "Member", &MemberUpdate::member),
                      api::field(2, "Remove", &MemberUpdate::remove)};
  }
};

/// Forgets tombstones with a revision at or below `through`, at most the row limit of one command,
/// and raises the index floor accordingly (design section 6). Outcome::done is false if some are
/// left: propose it again.
struct ReapTombstones {
  static constexpr std::uint32_t record_tag = 8;
  std::uint64_t through = 0;

  friend bool operator==(const ReapTombstones&, const ReapTombstones&) = default;
  static constexpr auto fields() {
    return std::tuple{api::field(1, "Through", &ReapTombstones::through)};
  }
};

/// Goes on with a removal that was too large for one command (Outcome::job).
struct ContinueJob {
  static constexpr std::uint32_t record_tag = 9;
  std::uint64_t job = 0;

  friend bool operator==(const ContinueJob&, const ContinueJob&) = default;
  static constexpr auto fields() { return std::tuple{api::field(1, "Job", &ContinueJob::job)}; }
};

/// Forgets lock-delays that ended before cluster time; proposed by the leader now and then.
/// Outcome::done as above.
struct ReapLockDelays {
  static constexpr std::uint32_t record_tag = 10;

  friend bool operator==(const ReapLockDelays&, const ReapLockDelays&) = default;
  static constexpr auto fields() { return std::tuple<>{}; }
};

/// Raises the feature level that new commands and row encodings may use. Never lowers it.
struct SetFeatureLevel {
  static constexpr std::uint32_t record_tag = 11;
  std::uint64_t level = 0;

  friend bool operator==(const SetFeatureLevel&, const SetFeatureLevel&) = default;
  static constexpr auto fields() {
    return std::tuple{api::field(1, "Level", &SetFeatureLevel::level)};
  }
};

/// Writes autopilot's configuration. With `cas` only if it was last changed at revision `index` (0:
/// there is none yet); otherwise Outcome::done is false.
struct SetAutopilot {
  static constexpr std::uint32_t record_tag = 13;
  api::AutopilotConfig config;  ///< Its indexes are set in apply.
  bool cas = false;
  std::uint64_t index = 0;

  friend bool operator==(const SetAutopilot&, const SetAutopilot&) = default;
  static constexpr auto fields() {
    return std::tuple{api::field(1, "Config", &SetAutopilot::config),
                      api::field(2, "Cas", &SetAutopilot::cas),
                      api::field(3, "Index", &SetAutopilot::index)};
  }
};

/// A user event (contract 11); its ID is the proposer's, its LTime is set in apply.
struct FireEvent {
  static constexpr std::uint32_t record_tag = 14;
  api::UserEvent event;

  friend bool operator==(const FireEvent&, const FireEvent&) = default;
  static constexpr auto fields() { return std::tuple{api::field(1, "Event", &FireEvent::event)}; }
};

enum class QueryOp : std::uint8_t { create = 0, update = 1, remove = 2 };

}  // namespace conclave::daemon

template <>
inline constexpr std::uint64_t conclave::api::enum_end<conclave::daemon::QueryOp> = 3;

namespace conclave::daemon {

/// A prepared query (contract 13); the ID of a new one is the proposer's, its indexes are set in
/// apply. To remove one its ID is enough.
struct WriteQuery {
  static constexpr std::uint32_t record_tag = 17;
  QueryOp op = QueryOp::create;
  api::PreparedQuery query;

  friend bool operator==(const WriteQuery&, const WriteQuery&) = default;
  static constexpr auto fields() {
    return std::tuple{api::field(1, "Op", &WriteQuery::op),
                      api::field(2, "Query", &WriteQuery::query)};
  }
};

/// A command holds at most so many coordinates.
inline constexpr std::size_t coordinate_updates_max = 640;

/// Network coordinates that nodes reported since the last such command (contract 12); their
/// ModifyIndex is set in apply.
struct UpdateCoordinates {
  static constexpr std::uint32_t record_tag = 18;
  std::vector<api::NodeCoordinate> updates;

  friend bool operator==(const UpdateCoordinates&, const UpdateCoordinates&) = default;
  static constexpr auto fields() {
    return std::tuple{api::field(1, "Updates", &UpdateCoordinates::updates)};
  }
};

/// The root certificate of a service mesh, if there is none yet (contract 1.1); its indexes are set
/// in apply.
struct SetCaRoot {
  static constexpr std::uint32_t record_tag = 19;
  api::CaRoot root;

  friend bool operator==(const SetCaRoot&, const SetCaRoot&) = default;
  static constexpr auto fields() { return std::tuple{api::field(1, "Root", &SetCaRoot::root)}; }
};

/// Puts the snapshot with that SHA-256 in the place of the state (daemon/state/restore.h). Alone in
/// its entry, because it is not applied like the others: a server that lacks the file fetches it
/// from another first, and nothing is applied meanwhile.
struct Restore {
  static constexpr std::uint32_t record_tag = 16;
  std::string sha256;  ///< 64 lower-case hexadecimal digits.
  std::uint64_t size = 0;

  friend bool operator==(const Restore&, const Restore&) = default;
  static constexpr auto fields() {
    return std::tuple{api::field(1, "SHA256", &Restore::sha256),
                      api::field(2, "Size", &Restore::size)};
  }
};

/// Boxed is what is larger than the frequent ones: a command lies in every frame between the
/// handler that makes it and the log, and frames of more than 1,032 bytes are beyond what malloc
/// keeps at hand.
using CommandBody =
    std::variant<KvOp, Txn, Boxed<SessionCreate>, SessionEnd, Boxed<Register>, Deregister,
                 Boxed<MemberUpdate>, ReapTombstones, ContinueJob, ReapLockDelays, SetFeatureLevel,
                 Boxed<SetAutopilot>, Boxed<FireEvent>, Restore, Boxed<WriteQuery>,
                 UpdateCoordinates, Boxed<SetCaRoot>>;
static_assert(sizeof(CommandBody) <= 128);

/// Calls `visitor` with the alternative, out of its box.
template <class Visitor>
decltype(auto) visit_body(const Visitor& visitor, const CommandBody& body) {
  return std::visit(
      [&](const auto& alternative) -> decltype(auto) { return visitor(unboxed(alternative)); },
      body);
}

/// The alternative T, in a box or not; nullptr if the body is another.
template <class T>
const T* body_as(const CommandBody& body) {
  return visit_body(
      []<class A>(const A& alternative) -> const T* {
        if constexpr (std::same_as<A, T>) return &alternative;
        return nullptr;
      },
      body);
}

struct Command {
  CommandBody body;
  /// Client-chosen id under which the outcome is kept, so that a retry is applied at most once; ""
  /// = none.
  std::string request_id;

  friend bool operator==(const Command&, const Command&) = default;
  static constexpr auto fields() {
    return std::tuple{api::field(1, "Body", &Command::body),
                      api::field(2, "RequestID", &Command::request_id)};
  }
};

/// The payload of one raft entry: the commands that arrived while the last fdatasync ran, under one
/// time stamp. Apply reads no clock: this is its time.
struct EntryPayload {
  std::uint64_t feature_level = 1;    ///< Least level that can decode and apply all commands.
  std::uint64_t cluster_time_ms = 0;  ///< Never goes back; every deadline is judged by it.
  Nanos wall_time{};                  ///< Unix time, for display and token expiry only.
  std::vector<Command> commands;

  static constexpr auto fields() {
    using api::field;
    return std::tuple{field(1, "FeatureLevel", &EntryPayload::feature_level),
                      field(2, "ClusterTime", &EntryPayload::cluster_time_ms),
                      field(3, "WallTime", &EntryPayload::wall_time),
                      field(4, "Commands", &EntryPayload::commands)};
  }
};

/// One failed operation of a transaction.
struct TxnError {
  std::uint64_t op_index = 0;
  std::string what;

  friend bool operator==(const TxnError&, const TxnError&) = default;
  static constexpr auto fields() {
    return std::tuple{api::field(1, "OpIndex", &TxnError::op_index),
                      api::field(2, "What", &TxnError::what)};
  }
};

/// What an operation of a transaction on the catalog answers: the one object that is engaged.
struct CatalogResult {
  std::uint64_t at = 0;  ///< Its place among all results, ascending.
  std::optional<api::Node> node;
  std::optional<api::NodeService> service;
  std::optional<api::HealthCheck> check;

  friend bool operator==(const CatalogResult&, const CatalogResult&) = default;
  static constexpr auto fields() {
    using api::field;
    return std::tuple{field(1, "At", &CatalogResult::at), field(2, "Node", &CatalogResult::node),
                      field(3, "Service", &CatalogResult::service),
                      field(4, "Check", &CatalogResult::check)};
  }
};

/// What became of a command. `error` not empty: the command was refused and changed nothing; the
/// text is the HTTP 500 body (contract 1.2). `done` false with no error: the condition did not hold
/// (cas failed, lock held): the API's literal `false`.
struct Outcome {
  bool done = false;
  std::string error;
  std::uint64_t revision = 0;  ///< Of the state after this command.
  std::uint64_t fence = 0;     ///< Of a granted lock.
  /// Not 0: the removal goes on in ContinueJob commands; the proposer's client is answered after
  /// the last.
  std::uint64_t job = 0;
  std::vector<api::KvEntry> results;  ///< Of a transaction's KV operations.
  std::vector<TxnError> txn_errors;
  std::string created;  ///< Id of the session, user event or prepared query that was made.
  std::vector<CatalogResult> catalog_results;  ///< Of a transaction; the others go between.

  friend bool operator==(const Outcome&, const Outcome&) = default;
  static constexpr auto fields() {
    using api::field;
    return std::tuple{field(1, "Done", &Outcome::done),
                      field(2, "Error", &Outcome::error),
                      field(3, "Revision", &Outcome::revision),
                      field(4, "Fence", &Outcome::fence),
                      field(5, "Job", &Outcome::job),
                      field(6, "Results", &Outcome::results),
                      field(7, "TxnErrors", &Outcome::txn_errors),
                      field(8, "Created", &Outcome::created),
                      field(9, "CatalogResults", &Outcome::catalog_results)};
  }
};

/// A command touches at most this many rows; larger removals become jobs (design section 3).
inline constexpr std::size_t command_rows_max = 4096;
/// A command's encoded size is at most this.
inline constexpr std::size_t command_bytes_max = 4 << 20;

}  // namespace conclave::daemon
