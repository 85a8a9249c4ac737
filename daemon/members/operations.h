#pragma once

/// What operators ask about and of the servers (contract 12): the port between daemon/http and
/// Membership. Any loop may call and is resumed; the work is done on main.

#include <cstdint>
#include <string>
#include <vector>

#include "base/core/duration.h"
#include "base/core/result.h"
#include "base/run/loop.h"

namespace conclave::daemon {

struct RaftServerView {
  std::string id;
  std::string name;  ///< Of the member table; the id while it is not in there.
  std::string address;
  bool leader = false;
  bool voter = true;
  std::uint64_t last_index = 0;
};

struct RaftConfigurationView {
  std::vector<RaftServerView> servers;
  std::uint64_t index = 0;
};

struct ServerHealth {
  std::string id;
  std::string name;
  std::string address;
  std::string status;  ///< alive, leaving, left, failed, none.
  std::string version;
  bool leader = false;
  bool voter = true;
  bool healthy = false;
  bool caught_up = false;  ///< Of a learner: on its way to a vote.
  Nanos last_contact{};
  std::uint64_t last_term = 0;
  std::uint64_t last_index = 0;
  Nanos stable_since{};  ///< Unix time.
};

struct AutopilotReport {
  bool healthy = false;
  std::int64_t failure_tolerance = 0;
  std::vector<ServerHealth> servers;
};

class ClusterOperations {
 public:
  virtual ~ClusterOperations() = default;
  /// As this server knows it; a leader knows the others' last index too.
  virtual Task<RaftConfigurationView> raft_configuration() = 0;
  // The following are the leader's: ErrorCode::no_leader elsewhere.
  /// One of the two is given; a server that is not in the configuration is an ErrorCode::failed.
  virtual Task<Result<void>> remove_peer(std::string id, std::string address) = 0;
  /// "" = to whom has most of the log.
  virtual Task<Result<void>> transfer_leadership(std::string id) = 0;
  virtual Task<Result<AutopilotReport>> autopilot_report() = 0;
};

}  // namespace conclave::daemon
