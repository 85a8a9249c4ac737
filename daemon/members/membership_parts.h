#pragma once

/// What the parts of Membership share. Main thread.

#include "api/rpc/rpc.h"
#include "base/run/clock.h"
#include "base/run/loop.h"
#include "daemon/members/options.h"
#include "daemon/members/raft_control.h"
#include "daemon/replica/replica.h"
#include "daemon/store/store.h"

namespace conclave::daemon {

struct MembershipParts {
  Loop& main;
  const Clock& clock;
  api::Rpc& rpc;
  Replica& replica;
  RaftControl& raft;
  Reader& reader;
  MembershipOptions options;
  MembershipCallbacks callbacks;
  bool stopped = false;

  const NodeCard& card() const { return options.card; }
};

/// One call to another node, or the error with the address before it.
inline constexpr Nanos membership_call_timeout = std::chrono::seconds(10);

}  // namespace conclave::daemon
