#include "daemon/members/bootstrap.h"

#include <fmt/format.h>

#include <algorithm>

namespace conclave::daemon {
namespace {

FirstMember first_member(const NodeCard& card) {
  return {.id = card.node.id,
          .name = card.node.node,
          .incarnation = card.incarnation,
          .address = card.rpc_address};
}

bool names(const BootstrapProposal& proposal, const NodeCard& server) {
  return std::ranges::any_of(proposal.members, [&](const FirstMember& member) {
    return member.id == server.node.id && member.incarnation == server.incarnation;
  });
}

bool is_well_formed(const BootstrapProposal& proposal) {
  const auto ids_ascend = std::ranges::adjacent_find(proposal.members, std::ranges::greater_equal{},
                                                     &FirstMember::id) == proposal.members.end();
  return ids_ascend && !proposal.members.empty() &&
         proposal.cluster_id.data.size() == UuidBytes{}.size();
}

}  // namespace

bool are_founders(const NodeCard& a, const NodeCard& b) {
  return a.server && b.server && !a.is_initialised() && !b.is_initialised() && a.expect > 1 &&
         a.expect == b.expect && a.node.datacenter == b.node.datacenter;
}

std::optional<BootstrapProposal> proposal_due(const NodeCard& self,
                                              const std::optional<BootstrapProposal>& accepted,
                                              std::span<const NodeCard> heard,
                                              const UuidBytes& fresh_id) {
  if (self.is_initialised() || self.expect < 2) return std::nullopt;
  if (accepted) {
    const bool is_own = accepted->members.front().id == self.node.id;
    return is_own ? accepted : std::nullopt;
  }
  BootstrapProposal proposal{.cluster_id = id_bytes(fresh_id),
                             .datacenter = self.node.datacenter,
                             .members = {first_member(self)}};
  for (const NodeCard& other : heard) {
    if (other.node.id == self.node.id) continue;
    // With a cluster within reach there is nothing to found.
    if (other.server && other.is_initialised()) return std::nullopt;
    if (!are_founders(self, other)) continue;
    if (!other.accepted.data.empty() || other.node.id < self.node.id) return std::nullopt;
    proposal.members.push_back(first_member(other));
  }
  if (proposal.members.size() != self.expect) return std::nullopt;
  std::ranges::sort(proposal.members, {}, &FirstMember::id);
  return proposal;
}

Result<void> judge_proposal(const NodeCard& self, const std::optional<BootstrapProposal>& accepted,
                            const BootstrapProposal& proposal) {
  if (self.is_initialised()) {
    if (self.cluster_id == proposal.cluster_id) return {};
    return fail(ErrorCode::exists,
                fmt::format("{} is in cluster {} already: nothing is to be founded; join that one",
                            self.node.node, id_text(self.cluster_id)));
  }
  if (accepted) {
    if (*accepted == proposal) return {};
    return fail(
        ErrorCode::exists,
        fmt::format("{} has accepted to found cluster {} with {}, and accepts no other: "
                    "start the servers that are missing there, or, if that cluster never "
                    "came to be, remove raft/bootstrap from the data directories of all "
                    "of them while they are stopped",
                    self.node.node, id_text(accepted->cluster_id), member_names(*accepted)));
  }
  if (!is_well_formed(proposal)) {
    return fail(ErrorCode::bad_request, "a proposal for a cluster names ascending ids, and itself");
  }
  if (proposal.datacenter != self.node.datacenter) {
    return fail(ErrorCode::bad_request,
                fmt::format("{} is of datacenter {}, not {}", self.node.node, self.node.datacenter,
                            proposal.datacenter));
  }
  if (self.expect != proposal.members.size()) {
    return fail(ErrorCode::bad_request,
                fmt::format("{} has bootstrap_expect = {}, but {} proposes a cluster of {}: give "
                            "both the same number",
                            self.node.node, self.expect, proposal.members.front().name,
                            proposal.members.size()));
  }
  if (!names(proposal, self)) {
    return fail(ErrorCode::bad_request,
                fmt::format("the proposal names {}, which is not {} ({}) as it is now: its data "
                            "directory is another one",
                            member_names(proposal), self.node.node, self.node.id));
  }
  return {};
}

bool is_committed_by(const std::optional<BootstrapProposal>& accepted,
                     const api::Bytes& cluster_id) {
  return accepted && !cluster_id.data.empty() && accepted->cluster_id == cluster_id;
}

raft::Configuration first_configuration(const BootstrapProposal& proposal) {
  raft::Configuration configuration;
  for (const FirstMember& member : proposal.members) {
    configuration.servers.push_back(
        {{member.id}, id_from(member.incarnation), member.address, raft::Suffrage::voter});
  }
  return configuration;
}

std::optional<std::string> expectation_conflict(const NodeCard& self, const NodeCard& other) {
  const bool both_wait = self.server && other.server && !self.is_initialised() &&
                         !other.is_initialised() && self.expect > 0 && other.expect > 0;
  if (!both_wait || self.expect == other.expect) return std::nullopt;
  return fmt::format(
      "{} ({}) has bootstrap_expect = {} and {} ({}) has {}: they do not wait for each other "
      "until both have the same number",
      self.node.node, self.rpc_address, self.expect, other.node.node, other.rpc_address,
      other.expect);
}

std::string member_names(const BootstrapProposal& proposal) {
  std::string names;
  for (const FirstMember& member : proposal.members) {
    names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", member.name, member.id);
  }
  return names;
}

}  // namespace conclave::daemon
