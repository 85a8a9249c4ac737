#pragma once

/// The session behind a lock: created with a TTL, renewed at half of it until told to end. Loop
/// thread only; outlives its tasks.

#include <functional>
#include <string>

#include "base/run/clock.h"
#include "cli/commands/agent_tasks.h"

namespace conclave::cli {

class LockSession {
 public:
  static constexpr Nanos ttl = std::chrono::seconds(15);  ///< As api.Lock has it (contract 5.5).

  LockSession(Loop& loop, AgentTasks& agent, const Clock& clock)
      : loop_(loop), agent_(agent), clock_(clock) {}

  /// `behavior`: what becomes of its keys when it ends.
  Task<Result<void>> create(std::string name, std::string behavior);
  const std::string& id() const { return id_; }

  /// Renews until the session is gone or the loop ends. It counts as gone when the server says so,
  /// and when no renewal was acknowledged for a whole TTL: the servers may end it from then on.
  /// Returns why.
  Task<std::string> keep();
  /// Best effort: a session that is not destroyed expires.
  Task<Result<void>> destroy();

 private:
  Loop& loop_;
  AgentTasks& agent_;
  const Clock& clock_;
  std::string id_;
  Nanos acknowledged_{};  ///< When the last request that was acknowledged was sent.
};

}  // namespace conclave::cli
