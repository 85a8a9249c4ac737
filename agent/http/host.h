#pragma once

/// What the agent's endpoints ask of the process around them. cli/run implements it; everything is
/// called on the agent's loop and resumes there.

#include <string>
#include <vector>

#include "api/codec/json_value.h"
#include "api/model/catalog.h"
#include "api/model/member.h"
#include "base/core/result.h"
#include "base/run/loop.h"

namespace conclave::agent {

/// Numbers and names for `Stats` of /v1/agent/self; all values are texts.
struct ServerStats {
  bool leader = false;
  std::string leader_address;     ///< "ip:8300", "" = none known.
  std::size_t known_servers = 0;  ///< Of an agent without a copy of the state.
  api::StringMap
      raft;  ///< state, term, last_log_index, commit_index, applied_index, num_peers, ...
};

class AgentHost {
 public:
  virtual ~AgentHost() = default;
  /// The member table, this node included once it has joined.
  virtual Task<std::vector<api::Member>> members() = 0;
  virtual Task<ServerStats> stats() = 0;
  /// `DebugConfig`: the configuration in force, an object. No secrets.
  virtual api::JsonValue debug_config() = 0;
  /// Reads the configuration again, as SIGHUP does.
  virtual Task<Result<void>> reload() = 0;
  /// Leaves gracefully; the process may end as soon as the response is out.
  virtual Task<Result<void>> leave() = 0;
  /// Joins the node at "host:port" or less; done when that one lists this one as alive.
  virtual Task<Result<void>> join(std::string address) = 0;
  /// Makes another node leave; `prune`: no trace of it stays.
  virtual Task<Result<void>> force_leave(std::string node, bool prune) = 0;
};

}  // namespace conclave::agent
