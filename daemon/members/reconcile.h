#pragma once

/// What the leader writes about one member, now: its status by whether it is heard, and what the
/// catalog says of it (contract 8.5). Pure; nothing comes out when nothing has to change.

#include <optional>
#include <string>
#include <vector>

#include "api/model/member.h"
#include "base/core/duration.h"
#include "daemon/command/command.h"
#include "daemon/members/node_leases.h"
#include "daemon/members/records.h"

namespace conclave::daemon {

struct UpkeepOptions {
  /// A server that was not heard for so long has failed.
  Nanos failed_after{std::chrono::seconds(10)};
  /// Members that failed or left are forgotten after so long (Consul's reconnect_timeout).
  Nanos reap_after{std::chrono::hours(72)};
};

/// What the leader's raft knows of a server of the configuration.
struct Heard {
  bool answered = false;  ///< Since this leader leads.
  Nanos ago{};            ///< Since then, or since it leads.
};

struct MemberFacts {
  api::Member member;
  bool is_leader = false;  ///< This server itself.
  bool in_configuration = false;
  bool departing = false;  ///< Its leave is being carried out.
  std::optional<Heard> heard;
  Lease lease = Lease::unknown;  ///< Of an agent.
  std::uint64_t now_ms = 0;      ///< Cluster time.
  // Of the catalog: the node under the member's name.
  bool has_node = false;
  bool node_is_its_own = false;  ///< The catalog's node has the member's id, or none.
  std::string health;            ///< Status of serfHealth, "" = not there.
  bool has_service = false;      ///< `consul`.
};

bool is_server(const api::Member& member);
/// What an agent of that status is when its lease is such.
api::MemberStatus status_by_lease(Lease lease, api::MemberStatus now);
/// The status that the facts amount to; the present one when they say nothing.
api::MemberStatus status_of(const MemberFacts& facts, const UpkeepOptions& options);
/// The commands that make table and catalog agree with it, in order.
std::vector<CommandBody> upkeep_of(const MemberFacts& facts, const UpkeepOptions& options);

// --- contract 8.5 (registration.cc)
/// A node as /v1/agent/members shows it.
api::Member member_of(const NodeCard& card, api::MemberStatus status);
/// Its node, serfHealth, and for servers the `consul` service.
Register registration_of(const NodeCard& card);
api::HealthCheck serf_health(const std::string& node, bool alive);
api::NodeService consul_service(std::int64_t port);

}  // namespace conclave::daemon
