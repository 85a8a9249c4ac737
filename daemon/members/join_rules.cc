#include "daemon/members/join_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>

#include "base/core/text.h"
#include "raft/core/configuration.h"

namespace conclave::daemon {
namespace {

bool is_gone(const api::Member& member) {
  const auto status = static_cast<api::MemberStatus>(member.status);
  return status == api::MemberStatus::failed || status == api::MemberStatus::left;
}

const api::Member* member_of_id(const ClusterFacts& cluster, const std::string& id) {
  const auto at = std::ranges::find(cluster.members, id, &api::Member::id);
  return at == cluster.members.end() ? nullptr : &*at;
}

std::string described(const NodeCard& card) {
  return fmt::format("{} ({}, {})", card.node.node, card.node.id, card.rpc_address);
}

Result<void> take_name(const NodeCard& card, const ClusterFacts& cluster, JoinDecision& decision) {
  for (const api::Member& member : cluster.members) {
    if (member.id == card.node.id) {
      if (!equal_ignoring_case(member.name, card.node.node)) decision.forget.push_back(member.name);
      continue;
    }
    if (!equal_ignoring_case(member.name, card.node.node)) continue;
    if (!is_gone(member)) {
      return fail(ErrorCode::exists,
                  fmt::format("Node name {} is reserved by node {} with name {} ({}), which is "
                              "alive: node {} ({}) must have another name",
                              card.node.node, member.id, member.name, member.address, card.node.id,
                              card.node.address));
    }
    if (raft::find_server(cluster.configuration, {member.id}) != nullptr) {
      decision.remove.push_back(member.id);
    }
  }
  return {};
}

Result<void> take_address(const NodeCard& card, const ClusterFacts& cluster,
                          JoinDecision& decision) {
  for (const raft::Server& server : cluster.configuration.servers) {
    const std::string& id = server.id.value;
    if (server.address != card.rpc_address || id == card.node.id) continue;
    const api::Member* member = member_of_id(cluster, id);
    if (member != nullptr && !is_gone(*member)) {
      return fail(ErrorCode::exists,
                  fmt::format("address {} belongs to server {} ({}), which is alive: {} ({}) must "
                              "have another address",
                              server.address, member->name, id, card.node.node, card.node.id));
    }
    if (std::ranges::find(decision.remove, id) == decision.remove.end()) {
      decision.remove.push_back(id);
    }
  }
  return {};
}

Result<void> take_place(const JoinRequest& request, const ClusterFacts& cluster,
                        JoinDecision& decision) {
  const NodeCard& card = request.card;
  const raft::NodeId id{card.node.id};
  const raft::Server* known = raft::find_server(cluster.configuration, id);
  if (known == nullptr) {
    if (!request.wants_in) {
      return fail(ErrorCode::denied,
                  fmt::format("{} is not among the servers of this cluster (any more): to let it "
                              "in, run `conclave join` on it, or start it with -retry-join",
                              described(card)));
    }
    decision.add = true;
    return {};
  }
  if (known->incarnation != id_from(card.incarnation)) {
    decision.remove.push_back(id.value);
    decision.add = true;
    return {};
  }
  decision.readdress = known->address != card.rpc_address;
  return {};
}

}  // namespace

Result<void> check_same_cluster(const NodeCard& self, const NodeCard& other) {
  if (self.node.datacenter != other.node.datacenter) {
    return fail(
        ErrorCode::bad_request,
        fmt::format("Member '{}' part of wrong datacenter '{}': {} is of '{}'", other.node.node,
                    other.node.datacenter, described(self), self.node.datacenter));
  }
  if (!self.is_initialised() || !other.is_initialised()) return {};
  if (self.cluster_id != other.cluster_id) {
    return fail(ErrorCode::bad_request,
                fmt::format("{} belongs to cluster {} and {} to cluster {}: to move one of them, "
                            "start it with an empty data directory",
                            described(other), id_text(other.cluster_id), described(self),
                            id_text(self.cluster_id)));
  }
  if (self.recovery_epoch != other.recovery_epoch) {
    const bool other_is_old = other.recovery_epoch < self.recovery_epoch;
    const NodeCard& old = other_is_old ? other : self;
    const NodeCard& recovered = other_is_old ? self : other;
    return fail(ErrorCode::bad_request,
                fmt::format("{} is of the time before this cluster was recovered (epoch {}, {} is "
                            "at {}): start it with an empty data directory",
                            described(old), old.recovery_epoch, described(recovered),
                            recovered.recovery_epoch));
  }
  return {};
}

Result<JoinDecision> judge_join(const JoinRequest& request, const ClusterFacts& cluster) {
  const NodeCard& card = request.card;
  if (card.node.node.empty() || card.node.id.empty()) {
    return fail(ErrorCode::bad_request, "a node that joins needs a name and an id");
  }
  JoinDecision decision;
  CONCLAVE_TRY(take_name(card, cluster, decision));
  if (!card.server) return decision;
  if (!card.is_initialised()) {
    return fail(ErrorCode::bad_request,
                described(card) + " asks to be a server and has no log yet: it writes that first");
  }
  CONCLAVE_TRY(take_address(card, cluster, decision));
  CONCLAVE_TRY(take_place(request, cluster, decision));
  return decision;
}

Result<bool> judge_departure(const raft::Configuration& configuration, const std::string& id,
                             const std::function<bool(const std::string& id)>& is_alive) {
  const raft::Server* server = raft::find_server(configuration, {id});
  if (server == nullptr) return false;
  if (server->suffrage == raft::Suffrage::learner) return true;
  std::size_t voters = 0;
  std::size_t alive = 0;
  for (const raft::Server& other : configuration.servers) {
    if (other.id.value == id || other.suffrage != raft::Suffrage::voter) continue;
    ++voters;
    if (is_alive(other.id.value)) ++alive;
  }
  if (voters == 0) return false;
  if (alive < voters / 2 + 1) {
    return fail(ErrorCode::failed,
                fmt::format("without server {} only {} of {} servers would be alive, which is no "
                            "majority: bring another one back first",
                            id, alive, voters));
  }
  return true;
}

}  // namespace conclave::daemon
