// The leader's round over the members: who lives, and that the catalog says so.

#include <algorithm>
#include <set>
#include <utility>

#include "base/run/log.h"
#include "base/run/sleep.h"
#include "daemon/members/leader_duties.h"
#include "daemon/tables/checks.h"
#include "daemon/tables/members.h"
#include "daemon/tables/nodes.h"
#include "daemon/tables/services.h"
#include "raft/core/configuration.h"

namespace conclave::daemon {
namespace {

/// So many members are read at one go; then others of this loop have their turn.
constexpr std::size_t slice = 256;
/// Members of whom nothing is due are compared with the catalog in turns: all of them in so many
/// rounds, that is seconds.
constexpr std::size_t rounds_for_all = 30;

using Status = api::MemberStatus;

void tell(const api::Member& member, Status status) {
  switch (status) {
    case Status::alive:
      log_info("server", "member joined, marking health alive: member={}", member.name);
      break;
    case Status::failed:
      log_info("server", "member failed, marking health critical: member={}", member.name);
      break;
    case Status::left:
      log_info("server", "deregistering member: member={} reason=left", member.name);
      break;
    case Status::none:
    case Status::leaving:
      log_info("server", "member is {}: member={}", api::status_text(status), member.name);
      break;
  }
}

}  // namespace

void LeaderDuties::guard_leases() {
  std::vector<std::string_view> alive;
  for (const auto& [key, member] : members().entries()) {
    if (member.status == Status::alive && !member.is_server) alive.push_back(member.id);
  }
  const NodeLeases::Guard guard = leases_.look(alive, parts_.clock.boot_now());
  if (!guard.changed) return;
  if (guard.holds) {
    log_error("server",
              "{} of {} agents were not heard of within half a lease: this is taken for a fault of "
              "the network, and no node is marked critical until they return; `force-leave` takes "
              "single ones out",
              guard.late, guard.of);
  } else {
    log_warn("server", "the leases of agents end again: {} of {} are late", guard.late, guard.of);
  }
}

/// Servers, agents whose lease says something else than the table, and those whose turn it is.
std::vector<std::string> LeaderDuties::members_to_look_at() {
  const MemberIndex::Entries& entries = members().entries();
  const std::size_t share = std::max(slice, entries.size() / rounds_for_all + 1);
  const Nanos now = parts_.clock.boot_now();
  std::set<std::string> names;
  for (const auto& [key, member] : entries) {
    const bool is_due = member.is_server || status_by_lease(leases_.lease_of(member.id, now),
                                                            member.status) != member.status;
    if (is_due) names.insert(member.name);
  }
  auto turn = entries.upper_bound(looked_at_);
  for (std::size_t left = std::min(share, entries.size()); left > 0; --left) {
    if (turn == entries.end()) turn = entries.begin();
    names.insert(turn->second.name);
    looked_at_ = turn->first;
    ++turn;
  }
  return {names.begin(), names.end()};
}

Task<void> LeaderDuties::keep_up() {
  guard_leases();
  const std::vector<std::string> names = members_to_look_at();
  for (std::size_t begin = 0; begin < names.size(); begin += slice) {
    if (begin > 0) co_await yield_turn(parts_.main);
    const std::size_t count = std::min(slice, names.size() - begin);
    for (MemberFacts& facts : read_facts(std::span(names).subspan(begin, count))) {
      if (!leading_) co_return;
      co_await keep_up(std::move(facts));
    }
  }
}

Task<void> LeaderDuties::keep_up(MemberFacts facts) {
  const Status status = status_of(facts, parts_.options.upkeep);
  if (status != static_cast<Status>(facts.member.status)) tell(facts.member, status);
  for (CommandBody& command : upkeep_of(facts, parts_.options.upkeep)) {
    if (!leading_) co_return;
    const auto written = co_await write(std::move(command));
    if (!written) {
      log_warn("server", "cannot update member {} yet: {}", facts.member.name,
               written.error().message);
      co_return;
    }
  }
}

Task<Result<void>> LeaderDuties::mark(api::Member member, Status status) {
  member.status = static_cast<std::uint64_t>(status);
  const std::string name = member.name;
  const bool leaves = status == Status::left;
  if (leaves) tell(member, status);
  auto written = co_await write(MemberUpdate{.member = std::move(member)});
  if (written && leaves) written = co_await write(Deregister{.node = name});
  co_return written;
}

const MemberIndex& LeaderDuties::members() {
  index_.follow(parts_.reader.open().rows());
  return index_;
}

std::vector<api::Member> LeaderDuties::read_members(const std::vector<std::string>& names) {
  std::vector<api::Member> members;
  const ReadSnapshot snapshot = parts_.reader.open();
  std::set<std::string> keys;
  for (const std::string& name : names) {
    if (!keys.insert(member_key(name)).second) continue;
    if (auto member = find_member(snapshot.rows(), name)) members.push_back(std::move(*member));
  }
  return members;
}

Heard LeaderDuties::heard_of(const std::string& id,
                             const std::vector<raft::PeerStanding>& peers) const {
  for (const raft::PeerStanding& peer : peers) {
    if (peer.id.value != id) continue;
    const auto ticks = static_cast<std::int64_t>(
        std::min<std::uint64_t>(peer.ticks_since_heard, std::uint32_t(-1)));
    return {.answered = peer.match_index.value > 0, .ago = parts_.raft.tick_length() * ticks};
  }
  return {};
}

std::vector<MemberFacts> LeaderDuties::read_facts(std::span<const std::string> names) {
  std::vector<MemberFacts> all;
  const raft::Configuration configuration = parts_.raft.configuration();
  const auto peers = parts_.raft.peers();
  const Nanos now = parts_.clock.boot_now();
  const ReadSnapshot snapshot = parts_.reader.open();
  for (const std::string& name : names) {
    auto member = find_member(snapshot.rows(), name);
    if (!member) continue;
    MemberFacts facts{.member = std::move(*member)};
    const std::string& id = facts.member.id;
    facts.is_leader = id == parts_.card().node.id;
    facts.in_configuration = raft::find_server(configuration, {id}) != nullptr;
    facts.departing = departing_.contains(id);
    if (std::ranges::find(peers, raft::NodeId{id}, &raft::PeerStanding::id) != peers.end()) {
      facts.heard = heard_of(id, peers);
    }
    if (!is_server(facts.member)) facts.lease = leases_.lease_of(id, now);
    facts.now_ms = parts_.replica.cluster_time_ms();
    const auto node = find_node(snapshot.rows(), name);
    facts.has_node = node.has_value();
    facts.node_is_its_own = node && (node->id.empty() || node->id == id);
    if (const auto check = find_check(snapshot.rows(), name, "serfHealth")) {
      facts.health = check->status;
    }
    facts.has_service =
        is_server(facts.member) && find_service(snapshot.rows(), name, "consul").has_value();
    all.push_back(std::move(facts));
  }
  return all;
}

/// Servers, whoever has its name, and whoever has its id.
ClusterFacts LeaderDuties::cluster_facts(const NodeCard& node) {
  std::vector<std::string> names = members().servers();
  for (std::string& name : index_.names_of(node.node.id)) names.push_back(std::move(name));
  names.push_back(node.node.node);
  const NodeCard& card = parts_.card();
  return {.cluster_id = card.cluster_id,
          .recovery_epoch = card.recovery_epoch,
          .datacenter = card.node.datacenter,
          .configuration = parts_.raft.configuration(),
          .members = read_members(names)};
}

}  // namespace conclave::daemon
