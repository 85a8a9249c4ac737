#pragma once

/// What apply changed, for those who wait: exact topics, never more than that (contract 2.3).

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace conclave::daemon {

enum class TopicKind : std::uint8_t {
  key,          ///< One KV key; prefix waiters are woken by the keys below their prefix.
  sessions,     ///< The session table; name is empty.
  nodes,        ///< The node table.
  node,         ///< One node, its services and checks; name is the lower-case node name.
  services,     ///< Any service instance.
  service,      ///< One service's instances, their checks and nodes; name is the lower-case service
                ///< name.
  checks,       ///< The check table.
  members,      ///< The member table.
  restore,      ///< Everything: a snapshot was put in place.
  events,       ///< User events.
  queries,      ///< The table of prepared queries.
  coordinates,  ///< Network coordinates.
};

struct Topic {
  TopicKind kind = TopicKind::key;
  std::string name;
  friend auto operator<=>(const Topic&, const Topic&) = default;
};

/// Collected over the commands of one apply batch and published once, after the batch's commit.
struct ChangeSet {
  std::uint64_t revision = 0;  ///< After the last command; 0 = nothing changed.
  std::vector<Topic> topics;   ///< In the order touched; may repeat.
  /// Sessions that began (id and TTL) and ended in this batch, for daemon/leases.
  struct SessionBegan {
    std::string id;
    std::string ttl;
  };
  std::vector<SessionBegan> sessions_began;
  std::vector<std::string> sessions_ended;
  /// A snapshot took the place of the state.
  bool is_restore() const { return !topics.empty() && topics.front().kind == TopicKind::restore; }
  bool removed_keys = false;       ///< There are new tombstones to be reaped one day.
  bool armed_lock_delays = false;  ///< There are new lock-delays to be reaped one day.
};

}  // namespace conclave::daemon
