#pragma once

/// Who is let in, and who may go: the leader's pure decisions (reliability rules 4, 10, 11, 12; M1
/// to M6).

#include <functional>
#include <string>
#include <vector>

#include "api/model/member.h"
#include "base/core/result.h"
#include "daemon/members/records.h"
#include "raft/core/types.h"

namespace conclave::daemon {

struct ClusterFacts {
  api::Bytes cluster_id;
  std::uint64_t recovery_epoch = 0;
  std::string datacenter;
  raft::Configuration configuration;  ///< In force; not joint.
  std::vector<api::Member> members;
};

/// What is to be done before the member table shows the node alive; in this order.
struct JoinDecision {
  std::vector<std::string> remove;  ///< Ids of servers that leave the configuration.
  bool add = false;                 ///< As a learner.
  bool readdress = false;
  std::vector<std::string> forget;  ///< Names under which the member table has this id besides.

  friend bool operator==(const JoinDecision&, const JoinDecision&) = default;
};

/// New server: added. Known id and incarnation: nothing, or its new address. Known id, another
/// incarnation (a wiped disk): the old one goes, then it is added. Another id under a known name or
/// address: takes the place of one that failed or left; refused while that one lives. One that was
/// removed: added again if it wants in. Clients: the member table only. Errors are sentences for
/// both sides' logs.
Result<JoinDecision> judge_join(const JoinRequest& request, const ClusterFacts& cluster);

/// That two nodes belong together: datacenter, cluster, recovery epoch. Either may have no cluster
/// yet. `self` speaks.
Result<void> check_same_cluster(const NodeCard& self, const NodeCard& other);

/// Whether a server may leave the configuration: true = remove it, false = it is not in it, or it
/// is the only voter and just stops. An error: those who stay would have no majority alive.
Result<bool> judge_departure(const raft::Configuration& configuration, const std::string& id,
                             const std::function<bool(const std::string& id)>& is_alive);

}  // namespace conclave::daemon
