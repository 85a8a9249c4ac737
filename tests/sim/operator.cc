#include "tests/sim/world.h"

/// The operator and autopilot of a World: servers that are not members are added, members whose
/// disk was lost removed first; sometimes some are removed, or leadership handed over, for no
/// reason.

namespace conclave::sim {

using raft::MembershipChange;
using Kind = MembershipChange::Kind;

namespace {

MembershipChange change_of(Kind kind, const SimServer& server) {
  return {
      kind,
      {server.id(), server.incarnation(), server.id().value + ":8300", raft::Suffrage::learner}};
}

}  // namespace

void World::operate() {
  timeline_.after(rng_.below(quiet_ ? seconds : 3 * seconds), [this] { operate(); });
  SimServer* leads = leader();
  if (leads == nullptr || leads->paused()) return;
  leads->handle([this, leads] {
    if (!quiet_ && rng_.chance(1, 8)) {
      if (leads->host().transfer_leadership({})) ++coverage_.transfers;
    } else if (!quiet_ && rng_.chance(1, 4)) {
      change_several(*leads);
    } else {
      change_membership(*leads);
    }
  });
}

void World::change_membership(SimServer& leads) {
  const raft::Configuration& configuration = leads.node().configuration();
  const auto change_one = [&](Kind kind, const SimServer& server) {
    const MembershipChange one = change_of(kind, server);
    change(leads, std::span(&one, 1));
  };
  for (const auto& server : servers_) {
    const raft::Server* member = find_server(configuration, server->id());
    if (server->disk().damaged) continue;  // Who it will be is not known yet.
    if (member == nullptr) return change_one(Kind::add_learner, *server);
    if (member->incarnation != server->incarnation()) return change_one(Kind::remove, *server);
  }
}

/// Nobody gives the majority to servers that have lost their disks, learners that may get their
/// vote before anybody notices among them: nothing would be committed any more, by no fault of the
/// program.
void World::change(SimServer& leads, std::span<const MembershipChange> changes) {
  const raft::Configuration& configuration = leads.node().configuration();
  if (!configuration.outgoing.empty()) return;
  auto joint = raft::changed_configuration(configuration, changes);
  if (!joint) return;
  for (raft::Server& member : joint->servers) {
    const SimServer& server = *servers_[Network::number_of(member.id)];
    const bool lost = server.disk().damaged || member.incarnation != server.incarnation();
    if (lost) member.suffrage = raft::Suffrage::voter;
  }
  if (!has_enough(*joint, nullptr)) return;
  static_cast<void>(leads.host().change_membership(changes));
}

/// Any number at once: voters are removed or demoted while others get their vote.
void World::change_several(SimServer& leads) {
  const raft::Configuration& configuration = leads.node().configuration();
  std::vector<MembershipChange> changes;
  for (const auto& server : servers_) {
    const raft::Server* member = find_server(configuration, server->id());
    if (member == nullptr || rng_.chance(1, 2)) continue;
    if (member->suffrage == raft::Suffrage::learner) {
      changes.push_back(change_of(Kind::promote, *server));
    } else {
      changes.push_back(change_of(rng_.chance(1, 4) ? Kind::remove : Kind::demote, *server));
    }
  }
  change(leads, changes);
}

}  // namespace conclave::sim
