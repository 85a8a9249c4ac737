// Coming and going: what the leader does for joins, leaves and operators.

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/run/log.h"
#include "base/run/sleep.h"
#include "daemon/members/leader_duties.h"
#include "daemon/tables/members.h"
#include "raft/core/configuration.h"

namespace conclave::daemon {
namespace {

using Kind = raft::MembershipChange::Kind;
using Status = api::MemberStatus;

constexpr Nanos transfer_max = std::chrono::seconds(30);
constexpr Nanos look_again = std::chrono::milliseconds(20);

raft::Server server_of(const NodeCard& card) {
  return {{card.node.id}, id_from(card.incarnation), card.rpc_address, raft::Suffrage::learner};
}

}  // namespace

Task<Result<void>> LeaderDuties::admit(JoinRequest request) {
  if (!parts_.raft.is_leader()) co_return fail(ErrorCode::no_leader, "No cluster leader");
  // Agents change nothing that servers wait for, and there are many of them.
  if (!request.card.server) {
    leases_.renew(request.card.node.id, parts_.clock.boot_now());
    co_return co_await admit_in_turn(std::move(request));
  }
  auto turn = co_await turns_.take();
  if (!turn) co_return std::unexpected(turn.error());
  co_return co_await admit_in_turn(std::move(request));
}

Task<Result<void>> LeaderDuties::admit_in_turn(JoinRequest request) {
  const NodeCard& card = request.card;
  if (auto same = check_same_cluster(parts_.card(), card); !same) co_return same;
  const auto decision = judge_join(request, cluster_facts(card));
  if (!decision) {
    log_warn("server", "not let in: {}", decision.error().message);
    co_return std::unexpected(decision.error());
  }
  if (!decision->remove.empty()) {
    Changes removals;
    for (const std::string& id : decision->remove) {
      log_info("server", "server {} makes room for {} ({})", id, card.node.node, card.node.id);
      removals.push_back({Kind::remove, {.id = {id}}});
    }
    if (auto removed = co_await change(std::move(removals)); !removed) co_return removed;
  }
  if (decision->add || decision->readdress) {
    const Kind kind = decision->add ? Kind::add_learner : Kind::readdress;
    log_info("server", "{} server: id={} address={}", decision->add ? "adding" : "moving",
             card.node.id, card.rpc_address);
    if (auto changed = co_await change({{kind, server_of(card)}}); !changed) co_return changed;
  }
  for (const std::string& name : decision->forget) {
    MemberUpdate forget{.member = {.name = name}, .remove = true};
    if (auto written = co_await write(std::move(forget)); !written) co_return written;
    if (auto written = co_await write(Deregister{.node = name}); !written) co_return written;
  }
  const auto before = find_member(parts_.reader.open().rows(), card.node.node);
  const bool was_alive =
      before && before->id == card.node.id && static_cast<Status>(before->status) == Status::alive;
  auto written = co_await write(MemberUpdate{.member = member_of(card, Status::alive)});
  if (!written) co_return written;
  if (!was_alive) {
    log_info("server", "member joined, marking health alive: member={}", card.node.node);
  }
  // What the catalog has against a node keeps nobody out of the cluster.
  if (auto registered = co_await write(registration_of(card)); !registered) {
    log_warn("server", "cannot register node {}: {}", card.node.node, registered.error().message);
  }
  co_return Result<void>();
}

Task<Result<void>> LeaderDuties::let_go(LeaveRequest request) {
  if (!parts_.raft.is_leader()) co_return fail(ErrorCode::no_leader, "No cluster leader");
  const auto member = find_member(parts_.reader.open().rows(), request.name);
  if (member && !is_server(*member)) co_return co_await let_go_in_turn(std::move(request));
  auto turn = co_await turns_.take();
  if (!turn) co_return std::unexpected(turn.error());
  co_return co_await let_go_in_turn(std::move(request));
}

Task<Result<void>> LeaderDuties::let_go_in_turn(LeaveRequest request) {
  const auto found = find_member(parts_.reader.open().rows(), request.name);
  if (!found || (!request.id.empty() && found->id != request.id)) {
    co_return fail(ErrorCode::not_found,
                   fmt::format("agent: No node found with name '{}'", request.name));
  }
  const api::Member member = *found;
  const auto status = static_cast<Status>(member.status);
  if (!request.forced) co_return co_await remove_member(member);
  if (member.id == parts_.card().node.id) co_return Result<void>();
  const bool is_silent = !is_server(member) && leases_.is_late(member.id, parts_.clock.boot_now());
  if ((status == Status::alive || status == Status::leaving) && !is_silent) {
    // As in Serf: a node that lives refutes it, which the next round does for it.
    co_return co_await mark(member, Status::leaving);
  }
  if (status != Status::left) {
    if (auto removed = co_await remove_member(member); !removed) co_return removed;
  }
  if (!request.prune) co_return Result<void>();
  co_return co_await write(MemberUpdate{.member = member, .remove = true});
}

/// Out of the configuration, then out of the catalog; the table keeps that it left. A leader that
/// dies in between has left `leaving` behind, and the next one goes on.
Task<Result<void>> LeaderDuties::remove_member(api::Member member) {
  const auto leaves = judge_departure(parts_.raft.configuration(), member.id,
                                      [&](const std::string& id) { return is_alive(id); });
  if (!leaves) co_return std::unexpected(leaves.error());
  departing_.insert(member.id);
  Result<void> done;
  if (*leaves && static_cast<Status>(member.status) == Status::alive) {
    done = co_await mark(member, Status::leaving);
  }
  if (done && *leaves) done = co_await change({{Kind::remove, {.id = {member.id}}}});
  if (done) done = co_await mark(member, Status::left);
  departing_.erase(member.id);
  co_return done;
}

Task<Result<void>> LeaderDuties::remove_peer(std::string id, std::string address) {
  if (!parts_.raft.is_leader()) co_return fail(ErrorCode::no_leader, "No cluster leader");
  auto turn = co_await turns_.take();
  if (!turn) co_return std::unexpected(turn.error());
  for (const raft::Server& server : parts_.raft.configuration().servers) {
    const bool wanted = id.empty() ? server.address == address : server.id.value == id;
    if (!wanted) continue;
    log_warn("server", "removing server on an operator's word: id={} address={}", server.id.value,
             server.address);
    co_return co_await change({{Kind::remove, server}});
  }
  const bool by_id = !id.empty();
  co_return fail(ErrorCode::failed, fmt::format("{} \"{}\" was not found in the Raft configuration",
                                                by_id ? "id" : "address", by_id ? id : address));
}

Task<Result<void>> LeaderDuties::transfer_leadership(std::string id) {
  if (!parts_.raft.is_leader()) co_return fail(ErrorCode::no_leader, "No cluster leader");
  if (auto begun = parts_.raft.transfer_leadership({id}); !begun) {
    co_return fail(ErrorCode::failed, begun.error().message);
  }
  const Nanos deadline = parts_.clock.boot_now() + transfer_max;
  while (parts_.raft.is_leader()) {
    if (!parts_.raft.is_transferring() || parts_.clock.boot_now() > deadline) {
      co_return fail(ErrorCode::failed,
                     "leadership was not taken over in time; this server leads on");
    }
    co_await sleep_for(parts_.main, look_again);
  }
  co_return Result<void>();
}

}  // namespace conclave::daemon
