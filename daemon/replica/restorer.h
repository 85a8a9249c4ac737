#pragma once

/// Puts snapshots in the place of the state on behalf of restore commands, while nothing is
/// applied: what RaftReplica needs of whoever has the files.

#include <functional>

#include "daemon/command/command.h"
#include "daemon/store/store.h"

namespace conclave::daemon {

class Restorer {
 public:
  virtual ~Restorer() = default;
  /// `done` on main, later, once the store holds the restored state at `position`. There is no
  /// error: a file that is not here is fetched for as long as it takes; one that cannot be put in
  /// place ends the process.
  virtual void restore(const Restore& what, AppliedPosition position, std::uint64_t cluster_time_ms,
                       std::function<void()> done) = 0;
};

}  // namespace conclave::daemon
