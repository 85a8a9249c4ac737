#pragma once

/// Membership of a cluster of one, as seen by its clients: on leadership the server writes itself
/// into the member table and its node, `serfHealth` and the `consul` service into the catalog
/// (contract 8.5). What is there already stays as it is, so a restart changes no revision. Joins,
/// leases of agents and reconciliation of others come with the quorum. Main thread.

#include <cstdint>
#include <string>

#include "api/model/catalog.h"
#include "api/model/member.h"
#include "base/core/result.h"
#include "base/run/loop.h"
#include "daemon/command/command.h"
#include "daemon/replica/replica.h"

namespace conclave::daemon {

struct MembersOptions {
  api::Node node;  ///< As the agent registers it too: id, name, address, tags, meta.
  std::int64_t serf_port = 8301;
  std::int64_t server_port = 8300;
  std::string build;  ///< Tag "build": "<version>:<revision>".
  bool bootstrap = false;
};

class Members {
 public:
  /// Registers with the replica, so before its start(). References outlive this object.
  Members(Loop& main, Replica& replica, MembersOptions options);

  /// Graceful leave: marks the member as left and takes the node out of the catalog, after which
  /// nothing is written again. Any loop may call and is resumed. An error of a proposal is returned
  /// after the other was tried.
  Task<Result<void>> leave();
  void stop() { stopped_ = true; }

 private:
  Task<void> establish(std::uint64_t leadership);
  Task<Result<void>> write_all();
  Task<Result<void>> leave_on_main();

  Loop& main_;
  Replica& replica_;
  MembersOptions options_;
  std::uint64_t leadership_ = 0;
  bool leading_ = false;
  bool left_ = false;
  bool stopped_ = false;
};

}  // namespace conclave::daemon
