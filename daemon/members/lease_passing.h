#pragma once

/// The leases of a server's agents on their way to the leader: whoever renewed within a second goes
/// in one call. Main thread.

#include <set>
#include <string>

#include "base/core/result.h"
#include "daemon/members/membership_parts.h"
#include "daemon/members/node_leases.h"

namespace conclave::daemon {

class LeasePassing {
 public:
  /// `leases`: of this server, for when it leads.
  LeasePassing(MembershipParts& parts, NodeLeases& leases) : parts_(parts), leases_(leases) {}

  /// An agent's renewal.
  Task<Result<std::string>> on_renew(std::string body);
  /// Another server's agents, if this one leads.
  Task<Result<std::string>> on_pass(std::string body);
  /// Several times a second: passes on what is due.
  void tick();

  /// Agents that wait to be passed on; a renewal beyond is ErrorCode::too_many.
  static constexpr std::size_t waiting_max = 65'536;

 private:
  Task<void> pass();
  bool is_cut_off(Nanos now) const;

  MembershipParts& parts_;
  NodeLeases& leases_;
  std::set<std::string> waiting_;
  bool passing_ = false;
  Nanos next_pass_{};
  Nanos failing_since_{};  ///< Zero: the last pass reached the leader.
  std::uint64_t members_ = 0;
  Nanos counted_at_{};
};

}  // namespace conclave::daemon
