#include "tests/sim/world.h"

/// What goes wrong in a World.

namespace conclave::raft {

void World::schedule_faults() {
  if (quiet_) return;
  fault();
  timeline_.after(rng_.below(4 * seconds), [this] { schedule_faults(); });
}

void World::fault() {
  switch (rng_.below(8)) {
    case 0:
    case 1:
      return crash_some();
    case 2:
    case 3:
      return partition();
    case 4: {
      SimServer& server = any();
      if (server.runs()) server.pause(rng_.below(3 * seconds));
      return;
    }
    case 5: {
      // One disk at a time: the members that remain have what was acknowledged.
      for (const auto& server : servers_) {
        SimServer* leads = leader();
        if (leads == nullptr || !server->runs() ||
            !is_voter(leads->node().configuration(), server->id(), server->incarnation()) ||
            !leads->node().configuration().outgoing.empty() ||
            leads->node().configuration_index() > leads->node().commit_index()) {
          return;
        }
      }
      if (!rng_.chance(1, 3)) return;
      SimServer& server = any();
      server.wipe();
      timeline_.after(rng_.below(seconds), [&server] {
        if (!server.runs()) server.start();
      });
      return;
    }
    case 6:
      cuts_.clear();
      return;
    default:
      for (const auto& server : servers_) server->checkpoint();
  }
}

/// One way or both, one server or a group, or links at random, which leaves some pairs connected
/// through a third only.
void World::partition() {
  ++observer_.coverage.partitions;
  const bool one_way = rng_.chance(1, 3);
  const bool at_random = rng_.chance(1, 4);
  std::set<std::size_t> group;
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    if (rng_.chance(1, 2)) group.insert(i);
  }
  for (std::size_t a = 0; a < servers_.size(); ++a) {
    for (std::size_t b = 0; b < servers_.size(); ++b) {
      const bool apart = at_random ? rng_.chance(1, 3) : group.contains(a) && !group.contains(b);
      if (!apart) continue;
      cuts_.insert({a, b});
      if (!one_way) cuts_.insert({b, a});
    }
  }
  timeline_.after(rng_.below(8 * seconds), [this] { cuts_.clear(); });
}

void World::crash_some() {
  const bool all = rng_.chance(1, 6);
  for (const auto& server : servers_) {
    if (!all && !rng_.chance(1, 4)) continue;
    const SimTime down = rng_.chance(1, 4) ? 0 : rng_.below(4 * seconds);
    const auto come_back = [this, down, &one = *server] {
      timeline_.after(down, [&one] {
        if (!one.runs()) one.start();
      });
    };
    if (rng_.chance(1, 2)) {
      server->crash_in_next_write(come_back);
    } else {
      server->crash();
      come_back();
    }
  }
}

void World::heal() {
  cuts_.clear();
  for (const auto& server : servers_) {
    if (!server->runs()) server->start();
  }
}

}  // namespace conclave::raft
