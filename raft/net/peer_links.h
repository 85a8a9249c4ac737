#pragma once

/// Raft messages over TCP: the production side of raft::PeersPort. Servers dial each other, so that
/// between two of them there are two connections, each used in one direction only, and one more
/// while a snapshot is sent, so that nothing waits behind it. Loop thread only (main).
///
/// Nothing is promised: what waits too long for a peer is dropped, oldest first, and what was on
/// its way when a connection broke is lost. The core sends again what matters.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/net/framed_stream.h"
#include "base/net/hello.h"
#include "base/run/loop.h"
#include "base/run/metrics.h"
#include "raft/core/ports.h"
#include "raft/net/options.h"
#include "raft/net/peer_hello.h"

namespace conclave::raft {

struct PeerAddress {
  NodeId id;
  std::string address;  ///< "host:port"; a name is looked up at each attempt.
};

class PeerLinks final : public PeersPort {
 public:
  /// Gets every message that comes, from a sender who is who it says; Host::receive. May call back
  /// in here.
  using Receive = std::function<void(Message message)>;

  /// With a keyring, links are protected by it.
  PeerLinks(Loop& loop, PeerIdentity self, PeerLinkOptions options,
            std::shared_ptr<TlsKeyring> keyring, Receive receive, Metrics& metrics);
  ~PeerLinks() override;
  PeerLinks(const PeerLinks&) = delete;
  PeerLinks& operator=(const PeerLinks&) = delete;

  /// The cluster that this server is in now; links to and from any other end.
  void set_cluster(const ClusterId& cluster_id, std::uint32_t recovery_epoch);
  /// The servers of the configuration in force, this one may be among them. Links to them stay
  /// connected. Others are reached, while there is something to say, where they said they are when
  /// they last connected, or where they were as members.
  void set_peers(const std::vector<PeerAddress>& peers);

  void send(std::vector<Message> messages) override;

  /// A connection whose hello asks for Purpose::raft or raft_snapshot: judged, answered, and read
  /// until it ends.
  void accept(std::shared_ptr<FramedStream> stream, const Hello& hello);

  /// True while messages to this peer leave at once.
  bool is_connected(const NodeId& peer) const;
  /// Ends all links; nothing is sent or received from now on.
  void stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace conclave::raft
