#include "cli/run/cluster_view.h"

#include "base/run/run_on.h"

namespace conclave::cli {

Task<std::vector<daemon::ClusterView::Peer>> RaftClusterView::peers() {
  if (main_.is_here()) co_return co_await peers_on_main();
  co_return co_await run_on(main_, peers_on_main());
}

Task<std::uint64_t> RaftClusterView::configuration_index() {
  if (main_.is_here()) co_return co_await index_on_main();
  co_return co_await run_on(main_, index_on_main());
}

Task<std::vector<daemon::ClusterView::Peer>> RaftClusterView::peers_on_main() {
  const raft::Node& node = host_.node();
  std::vector<Peer> peers;
  for (const raft::Server& server : node.configuration().servers) {
    const auto name = names_.find(server.id.value);
    peers.push_back({.id = server.id.value,
                     .name = name == names_.end() ? server.id.value : name->second,
                     .address = server.address,
                     .leader = server.id == node.leader(),
                     .voter = server.suffrage == raft::Suffrage::voter,
                     .last_index = node.last_index().value});
  }
  co_return peers;
}

Task<std::uint64_t> RaftClusterView::index_on_main() {
  co_return host_.node().configuration_index().value;
}

}  // namespace conclave::cli
