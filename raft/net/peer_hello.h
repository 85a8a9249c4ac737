#pragma once

/// Who speaks on a link between servers, and whether it is let in: the rules by which a server of
/// another cluster, one from before a recovery, one on a wiped disk and one on a copied directory
/// are told from the real one. Pure.

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "base/core/result.h"
#include "base/net/hello.h"
#include "raft/core/types.h"

namespace conclave::raft {

using ClusterId = std::array<std::uint8_t, 16>;

/// This server, as its data directory and this start of it say.
struct PeerIdentity {
  ClusterId cluster_id{};  ///< Zeros: in no cluster yet, and no link is let in or made.
  std::uint32_t recovery_epoch = 0;
  NodeId node_id;
  Incarnation incarnation{};
  std::uint64_t boot_counter = 0;  ///< Of the log: rises with every start.
  std::uint64_t run_id = 0;        ///< Drawn at the start of the process.
  std::string address;             ///< Where peers reach it: "host:port".
};

/// The details of a hello for Purpose::raft and raft_snapshot.
struct PeerHello {
  PeerIdentity sender;
  NodeId receiver;
};

std::string encode_peer_hello(const PeerHello& hello);
Result<PeerHello> decode_peer_hello(std::string_view bytes);

/// What was known of the sender's node id and incarnation before this hello.
struct SeenPeer {
  std::uint64_t boot_counter = 0;
  std::uint64_t run_id = 0;
  /// A connection of that process is open and was heard on lately.
  bool is_alive = false;
};

/// nullopt: let in. `seen`: the highest boot counter there has been.
std::optional<Refusal> judge(const PeerHello& hello, const PeerIdentity& self,
                             const std::optional<SeenPeer>& seen);

/// Where the checksums of the frames of such a link begin: of cluster, epoch, sender and receiver,
/// so that a frame which strays into another conversation is no frame there.
std::uint32_t frame_seed(const PeerHello& hello);

}  // namespace conclave::raft
