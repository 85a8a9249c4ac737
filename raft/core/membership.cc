#include "raft/core/membership.h"

#include <algorithm>
#include <string>

#include "base/core/assert.h"
#include "raft/core/configuration.h"
#include "raft/core/mutation.h"

namespace conclave::raft {
namespace {

using Kind = MembershipChange::Kind;

std::vector<Server> voters_of(const std::vector<Server>& servers) {
  std::vector<Server> voters;
  for (const Server& server : servers) {
    if (server.suffrage == Suffrage::voter) voters.push_back(server);
  }
  return voters;
}

bool same_voters(const std::vector<Server>& a, const std::vector<Server>& b) {
  const auto ids = [](const std::vector<Server>& servers) {
    std::vector<NodeId> out;
    for (const Server& server : voters_of(servers)) out.push_back(server.id);
    std::ranges::sort(out);
    return out;
  };
  return ids(a) == ids(b);
}

Result<void> add_learner(std::vector<Server>& servers, Server server) {
  if (server.id.value.empty()) return fail(ErrorCode::bad_request, "a server needs an id");
  server.suffrage = Suffrage::learner;
  servers.push_back(std::move(server));
  return {};
}

Result<void> apply_change(std::vector<Server>& servers, const MembershipChange& change) {
  const auto at = std::ranges::find(servers, change.server.id, &Server::id);
  if (change.kind == Kind::add_learner) {
    if (at == servers.end()) return add_learner(servers, change.server);
    return fail(ErrorCode::exists, "server " + change.server.id.value + " is a member already");
  }
  if (at == servers.end()) {
    return fail(ErrorCode::not_found, "server " + change.server.id.value + " is not a member");
  }
  switch (change.kind) {
    case Kind::promote:
      at->suffrage = Suffrage::voter;
      break;
    case Kind::demote:
      at->suffrage = Suffrage::learner;
      break;
    case Kind::readdress:
      at->address = change.server.address;
      break;
    case Kind::remove:
      servers.erase(at);
      break;
    case Kind::add_learner:
      break;
  }
  return {};
}

}  // namespace

Result<Configuration> changed_configuration(const Configuration& current,
                                            std::span<const MembershipChange> changes) {
  CONCLAVE_ASSERT_WHY(current.outgoing.empty(), "one change at a time");
  Configuration changed = current;
  for (const MembershipChange& change : changes) {
    CONCLAVE_TRY(apply_change(changed.servers, change));
  }
  if (changed == current) {
    return fail(ErrorCode::bad_request, "the servers are as asked for already");
  }
  if (voters_of(changed.servers).empty()) {
    return fail(ErrorCode::bad_request, "a cluster without a voter could never do anything again");
  }
  // A server that left and came back in one change has forgotten what it promised.
  for (const Server& server : changed.servers) {
    const Server* before = find_server(current, server.id);
    if (before != nullptr && before->incarnation != server.incarnation) {
      return fail(ErrorCode::exists,
                  "server " + server.id.value + " is removed first, then added anew");
    }
  }
  if (!same_voters(current.servers, changed.servers) &&
      !core_mutation.changes_without_joint_consensus) {
    changed.outgoing = voters_of(current.servers);
  }
  return changed;
}

Configuration without_outgoing(const Configuration& joint) { return {joint.servers, {}}; }

bool is_caught_up(const LearnerStanding& learner, const Options& options) {
  return learner.match_index.value + options.promote_lag_entries_max >=
             learner.leader_commit.value &&
         learner.ticks_since_heard < options.election_timeout_ticks_min;
}

bool may_promote(const LearnerStanding& learner, const Options& options) {
  return is_caught_up(learner, options) && learner.ticks_caught_up >= options.promote_after_ticks;
}

}  // namespace conclave::raft
