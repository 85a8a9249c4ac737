#pragma once

/// What an agent's endpoints and upkeep ask about the cluster, whether this process is a server or
/// talks to one. Called on main, resumes there.

#include <cstdint>
#include <string>
#include <vector>

#include "agent/http/host.h"
#include "api/model/member.h"
#include "base/core/result.h"
#include "base/run/loop.h"

namespace conclave::cli {

class ClusterSide {
 public:
  virtual ~ClusterSide() = default;
  /// The member table; the last one that was seen while no server is reached.
  virtual Task<std::vector<api::Member>> members() = 0;
  virtual std::size_t count_members() = 0;
  /// `consul info` and the Stats of /v1/agent/self.
  virtual agent::ServerStats stats() = 0;
  virtual Task<Result<void>> join(std::string address) = 0;
  virtual Task<Result<void>> leave() = 0;
  virtual Task<Result<void>> force_leave(std::string name, bool prune) = 0;
};

}  // namespace conclave::cli
