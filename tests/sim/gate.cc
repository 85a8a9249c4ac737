#include "tests/sim/gate.h"

namespace conclave::sim {
namespace {

/// After so long without a word a process may be gone.
constexpr SimTime silence_max = 2 * seconds;

raft::PeerIdentity identity_of(const raft::NodeId& id, const Process& process) {
  raft::PeerIdentity identity;
  identity.cluster_id[0] = 1;
  identity.node_id = id;
  identity.incarnation = process.incarnation;
  identity.boot_counter = process.boots;
  identity.run_id = (process.number << 32) + process.boots;
  return identity;
}

}  // namespace

/// What an earlier process of the same server said before it died may still arrive.
bool Gate::lets_in(const Process& from, const SimServer& to) {
  const SimServer& sender = to.outside().server(from.number);
  const SimTime now = to.outside().timeline.now();
  Seen& known = seen_[{to.number(), {sender.id(), from.incarnation}}];
  const bool is_known = known.heard != 0 && known.life == to.life();
  const bool is_own = is_known && known.process.number == from.number;
  if (is_own && from.boots < known.process.boots) return true;
  if (!is_own || from.boots != known.process.boots) {
    const raft::PeerIdentity self =
        identity_of(to.id(), {to.number(), to.incarnation(), to.disk().boots});
    const raft::PeerIdentity caller = identity_of(sender.id(), from);
    std::optional<raft::SeenPeer> seen;
    if (is_known) {
      // A server's earlier process is known to be gone: its connections were closed when it died.
      const bool is_alive = !is_own && now - known.heard < silence_max;
      const raft::PeerIdentity before = identity_of(sender.id(), known.process);
      seen = raft::SeenPeer{before.boot_counter, before.run_id, is_alive};
    }
    if (judge({caller, to.id()}, self, seen)) return false;
  }
  known = {from, now, to.life()};
  return true;
}

}  // namespace conclave::sim
