#pragma once

/// A server's part in its cluster: the log, the core above it and the links to the other servers.
/// Made when it is known which cluster that is, which may be long after the start. Main thread.

#include <memory>
#include <optional>
#include <string>

#include "base/net/tls_keyring.h"
#include "base/run/loop.h"
#include "base/run/metrics.h"
#include "daemon/store/store.h"
#include "raft/core/ports.h"
#include "raft/core/snapshot.h"
#include "raft/host/host.h"
#include "raft/net/peer_links.h"
#include "raft/wal/wal.h"

namespace conclave::cli {

class Consensus {
 public:
  struct Setting {
    raft::NodeId self;
    std::string address;  ///< "ip:port" at which others reach this server.
    raft::Options options;
    daemon::AppliedPosition applied;
    std::optional<raft::PartialSnapshot> partial_snapshot;
    std::shared_ptr<TlsKeyring> keyring;  ///< nullptr: links in the clear.
  };

  /// The ports outlive this object. Nothing runs before Host::start().
  Consensus(Setting setting, raft::Wal::Opened log, Loop& main, Metrics& metrics,
            raft::StateMachinePort& machine, raft::SnapshotPort& snapshots);

  raft::Host& host() { return host_; }
  raft::PeerLinks& links() { return links_; }
  /// Links lead to the servers of the configuration in force.
  void follow_configuration();
  void stop() { links_.stop(); }

 private:
  std::unique_ptr<raft::Wal> wal_;
  raft::PeerLinks links_;
  raft::Host host_;
};

}  // namespace conclave::cli
