#include <set>

#include "tests/sim/world.h"

/// What goes wrong in a World.

namespace conclave::sim {

void World::schedule_faults() {
  if (quiet_) return;
  fault();
  timeline_.after(rng_.below(4 * seconds), [this] { schedule_faults(); });
}

void World::fault() {
  ++coverage_.faults;
  switch (rng_.below(12)) {
    case 0:
    case 1:
      return crash_some();
    case 2:
    case 3:
      return partition();
    case 4:
    case 5: {
      SimServer* leads = leader();
      SimServer& server = leads != nullptr && rng_.chance(1, 2) ? *leads : any();
      if (server.answers()) server.pause(rng_.below(3 * seconds));
      return;
    }
    case 6:
      return lose_a_disk();
    case 7:
      return any().slow_disk(rng_.below(5 * seconds));
    case 8:
      if (rng_.chance(1, 2)) return copy_a_disk();
      ++coverage_.clock_jumps;
      return any().jump_wall_clock(static_cast<std::int64_t>(rng_.below(7200)) - 3600);
    case 9:
    case 10:
      return bounce_behind_a_leader();
    default:
      return network_.mend_all();
  }
}

/// One way or both, one server or a group, or links at random, which leaves some pairs connected
/// through a third only.
void World::partition() {
  ++coverage_.partitions;
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
      network_.cut(a, b);
      if (!one_way) network_.cut(b, a);
    }
  }
  timeline_.after(rng_.below(8 * seconds), [this] { network_.mend_all(); });
}

void World::start_later(SimServer& server, SimTime longest) {
  timeline_.after(longest == 0 ? 0 : rng_.below(longest), [&server] {
    if (!server.runs()) server.start();
  });
}

void World::crash_some() {
  const bool all = rng_.chance(1, 6);
  for (const auto& server : servers_) {
    if (!all && !rng_.chance(1, 4)) continue;
    const SimTime down = rng_.chance(1, 4) ? 0 : 4 * seconds;
    const auto come_back = [this, down, &one = *server] { start_later(one, down); };
    if (rng_.chance(1, 2)) {
      server->crash_in_next_write(come_back);
    } else {
      server->crash();
      come_back();
    }
  }
}

/// One follower no longer hears the leader, the others do, and have just confirmed its lease when
/// they start again without hearing it: whoever votes now might elect a second leader beside one
/// that still reads. Nobody writes meanwhile, or the lonely one could not win.
void World::bounce_behind_a_leader() {
  SimServer* leads = leader();
  SimServer& lonely = any();
  if (leads == nullptr || leads == &lonely) return;
  const std::size_t from = leads->number();
  const SimTime alone = rng_.between(seconds, 3 * seconds);
  public_.rests_until = timeline_.now() + alone + seconds;
  timeline_.after(300 * milliseconds, [this, from, &lonely] {
    network_.cut(from, lonely.number());
    network_.cut(lonely.number(), from);
  });
  timeline_.after(alone, [this, from, &lonely] {
    for (const auto& server : servers_) {
      if (server->number() == from || server.get() == &lonely) continue;
      network_.cut(from, server->number());
      network_.cut(server->number(), from);
      if (!server->runs()) continue;
      server->crash();
      start_later(*server, 20 * milliseconds);
    }
    timeline_.after(rng_.below(3 * seconds), [this] { network_.mend_all(); });
  });
}

/// One at a time, so that the members that remain have what was acknowledged: whoever was lost has
/// been replaced, and everybody who may still matter knows that.
bool World::may_lose_a_disk(const SimServer& server) {
  SimServer* leads = leader();
  if (leads == nullptr || !leads->node().is_ready_leader()) return false;
  const raft::Node& node = leads->node();
  raft::Configuration configuration = node.configuration();
  if (!configuration.outgoing.empty() || node.configuration_index() > node.commit_index() ||
      node.configuration_index() < observer_.committed_configuration()) {
    return false;
  }
  for (const auto& other : servers_) {
    const raft::Server* member = find_server(configuration, other->id());
    if (other->disk().damaged) return false;
    if (member != nullptr && member->incarnation != other->incarnation()) return false;
  }
  for (raft::Server& member : configuration.servers) {
    // A learner may get its vote before anybody notices.
    if (member.id == server.id()) member.suffrage = raft::Suffrage::voter;
  }
  return has_enough(configuration, &server);
}

void World::lose_a_disk() {
  SimServer& server = any();
  if (!may_lose_a_disk(server)) return;
  if (!rng_.chance(1, 2)) {
    server.wipe();
  } else {
    server.damage();
  }
  start_later(server, seconds);
}

/// It says who it is to everybody. Nobody answers it: its address is another one than the members
/// know. A copy of the only voter would be a cluster of its own.
void World::copy_a_disk() {
  SimServer& original = any();
  if (copies_.size() == copies_max || !original.answers() || !network_.is_whole()) return;
  const raft::Configuration there = original.disk().configuration();
  if (has_quorum(there, [&](const raft::NodeId& id) { return id == original.id(); })) return;
  ++coverage_.copies;
  copies_.push_back(std::make_unique<SimServer>(servers_.size() + copies_.size(), original));
  SimServer& copy = *copies_.back();
  copy.start();
  timeline_.after(rng_.below(8 * seconds), [&copy] {
    require(copy.node().role() != raft::Role::leader, "17: a copied directory leads");
    copy.crash();
  });
}

void World::heal() {
  quiet_ = true;
  network_.mend_all();
  network_.calm();
  for (const auto& server : servers_) {
    if (!server->runs()) server->start();
  }
}

}  // namespace conclave::sim
