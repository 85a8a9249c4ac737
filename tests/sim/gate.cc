#include "tests/sim/gate.h"

namespace conclave::sim {
namespace {

/// After so long without a word a process may be gone.
constexpr SimTime silence_max = 2 * seconds;

raft::PeerIdentity identity_of(const SimServer& server) {
  raft::PeerIdentity identity;
  identity.cluster_id[0] = 1;
  identity.node_id = server.id();
  identity.incarnation = server.incarnation();
  identity.boot_counter = server.disk().boots;
  identity.run_id = (server.number() << 32) + server.life() + 1;
  return identity;
}

}  // namespace

bool Gate::lets_in(const SimServer& from, const SimServer& to) {
  const auto known = seen_.find({to.number(), {from.id(), from.incarnation()}});
  const SimTime now = from.outside().timeline.now();
  std::optional<raft::SeenPeer> seen;
  if (known != seen_.end() && known->second.life == to.life()) {
    seen = known->second.peer;
    seen->is_alive = now - known->second.heard < silence_max;
  }
  const raft::PeerIdentity sender = identity_of(from);
  if (!seen || seen->boot_counter != sender.boot_counter || seen->run_id != sender.run_id) {
    // Its own earlier process is known to be gone: its connections were closed when it died.
    if (seen && seen->run_id >> 32 == sender.run_id >> 32) seen->is_alive = false;
    if (judge({sender, to.id()}, identity_of(to), seen)) return false;
  }
  seen_[{to.number(), {from.id(), from.incarnation()}}] = {
      {sender.boot_counter, sender.run_id}, now, to.life()};
  return true;
}

}  // namespace conclave::sim
