#include "base/run/log.h"
#include "daemon/replica/raft_replica.h"

namespace conclave::daemon {

void RaftReplica::state_replaced() {
  log_info("raft", "snapshot installed: the state is that of index {}", store_.applied().index);
  restoring_ = restored_ = {};
  const auto changes = std::make_shared<ChangeSet>();
  changes->topics.push_back({TopicKind::restore, ""});
  {
    const auto reader = store_.make_reader();
    const ReadSnapshot snapshot = reader->open();
    changes->revision = stored_revision(snapshot.rows());
    cluster_clock_.applied(stored_cluster_time_ms(snapshot.rows()));
  }
  cells_.applied_index.set(static_cast<double>(store_.applied().index));
  for (const auto& listener : change_listeners_) listener(changes);
  answer_applied_reads();
  answers_.deliver();
}

}  // namespace conclave::daemon
