#pragma once

#include <map>
#include <string>

#include "base/run/loop.h"
#include "daemon/http/context.h"
#include "raft/host/host.h"

namespace conclave::cli {

/// The raft configuration as clients see it. Any loop may ask; the answer is put together on main.
class RaftClusterView final : public daemon::ClusterView {
 public:
  /// `names`: server ids to node names; those without one are shown by their id.
  RaftClusterView(Loop& main, const raft::Host& host, std::map<std::string, std::string> names)
      : main_(main), host_(host), names_(std::move(names)) {}

  Task<std::vector<Peer>> peers() override;
  Task<std::uint64_t> configuration_index() override;

 private:
  Task<std::vector<Peer>> peers_on_main();
  Task<std::uint64_t> index_on_main();

  Loop& main_;
  const raft::Host& host_;
  const std::map<std::string, std::string> names_;
};

}  // namespace conclave::cli
