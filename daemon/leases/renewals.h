#pragma once

/// Renewing sessions: what the handlers see of daemon/leases.

#include <string>

#include "base/core/result.h"
#include "base/run/loop.h"

namespace conclave::daemon {

/// Session renewals are answered from the leader's memory; main thread behind it, any loop may
/// call.
class SessionRenewals {
 public:
  virtual ~SessionRenewals() = default;
  /// True: the session lives and its timer was reset; false: unknown, expired or expiring (404).
  /// Resumes on the caller's loop. ErrorCode::no_leader when no leader was found in 7 seconds.
  virtual Task<Result<bool>> renew(std::string session_id) = 0;
};

}  // namespace conclave::daemon
