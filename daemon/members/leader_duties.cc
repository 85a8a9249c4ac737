// Turns, changes of the configuration, and the leader's regular round.

#include "daemon/members/leader_duties.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/run/log.h"
#include "base/run/sleep.h"
#include "daemon/tables/autopilot.h"
#include "raft/core/configuration.h"

namespace conclave::daemon {
namespace {

constexpr Nanos change_max = std::chrono::seconds(10);
constexpr Nanos look_again = std::chrono::milliseconds(20);

using Status = api::MemberStatus;

}  // namespace

LeaderDuties::LeaderDuties(MembershipParts& parts)
    : parts_(parts),
      turns_(parts.main, parts.clock, turns_max, turn_patience),
      leases_(parts.options.leases) {}

void LeaderDuties::set_leading(bool leading) {
  leading_ = leading;
  established_ = false;
  stability_.clear();
  blocked_.clear();
  ++leadership_;
  if (leading) {
    leases_.begin(parts_.clock.boot_now());
  } else {
    index_ = MemberIndex();
  }
}

Task<void> LeaderDuties::round() {
  if (!leading_ || in_round_ || parts_.stopped) co_return;
  in_round_ = true;
  if (!established_) co_await establish();
  if (established_) {
    stability_.note(autopilot_facts(), parts_.clock.wall_now());
    co_await keep_up();
    co_await run_autopilot();
  }
  in_round_ = false;
}

/// This server's own registration, and what a new cluster begins with.
Task<void> LeaderDuties::establish() {
  const std::uint64_t leadership = leadership_;
  const NodeCard& card = parts_.card();
  JoinRequest self{.card = card};
  auto done = co_await admit(std::move(self));
  if (done && !read_autopilot(parts_.reader.open().rows())) {
    done = co_await write(SetAutopilot{.config = parts_.options.autopilot, .cas = true});
  }
  if (leadership != leadership_) co_return;
  established_ = done.has_value();
  if (!done) log_warn("server", "cannot register this server yet: {}", done.error().message);
}

Task<void> LeaderDuties::run_autopilot() {
  if (!leading_ || !is_settled()) co_return;
  AutopilotPlan plan = autopilot_plan(autopilot_facts());
  if (plan.blocked != blocked_ && !plan.blocked.empty()) {
    log_warn("autopilot", "{}", plan.blocked);
  }
  blocked_ = plan.blocked;
  if (plan.changes.empty()) co_return;
  auto turn = co_await turns_.take();
  if (!turn || !leading_ || !is_settled()) co_return;
  // Whoever had the turn has changed what the plan was made of: a server that was let in again is a
  // learner whose member has not left any more.
  plan = autopilot_plan(autopilot_facts());
  if (plan.changes.empty()) co_return;
  for (const raft::MembershipChange& change : plan.changes) {
    const bool removes = change.kind == raft::MembershipChange::Kind::remove;
    log_info("autopilot", "{}: id={} address={}",
             removes ? "Removing dead server" : "Promoting server to voter", change.server.id.value,
             change.server.address);
  }
  const auto changed = co_await change(plan.changes);
  if (!changed) {
    log_warn("autopilot", "the servers stay as they are: {}", changed.error().message);
    co_return;
  }
  for (const api::Member& member : read_servers()) {
    if (std::ranges::find(plan.removed, member.name) == plan.removed.end()) continue;
    const auto marked = co_await mark(member, Status::left);
    if (!marked) log_warn("autopilot", "member={}: {}", member.name, marked.error().message);
  }
}

bool LeaderDuties::is_settled() const {
  return parts_.raft.configuration().outgoing.empty() &&
         parts_.raft.configuration_index() <= parts_.raft.commit_index();
}

/// Returns once the new configuration is in force and committed.
Task<Result<void>> LeaderDuties::change(Changes changes) {
  const Nanos deadline = parts_.clock.boot_now() + change_max;
  const bool removes_self = std::ranges::any_of(changes, [&](const raft::MembershipChange& one) {
    return one.kind == raft::MembershipChange::Kind::remove &&
           one.server.id.value == parts_.card().node.id;
  });
  bool asked = false;
  Error last{ErrorCode::unavailable, "it was not asked yet"};
  while (parts_.clock.boot_now() < deadline && !parts_.stopped) {
    if (!asked && !parts_.raft.is_leader()) {
      co_return fail(ErrorCode::no_leader, "No cluster leader");
    }
    if (!asked) {
      const auto begun = parts_.raft.change_membership(changes);
      asked = begun.has_value();
      if (!begun && begun.error().code != ErrorCode::unavailable) {
        co_return std::unexpected(begun.error());
      }
      if (!begun) last = begun.error();
    }
    // A leader that removed itself leads until that is committed.
    if (asked && (is_settled() || (removes_self && !parts_.raft.is_leader()))) {
      co_return Result<void>();
    }
    if (asked && !parts_.raft.is_leader()) break;
    co_await sleep_for(parts_.main, look_again);
  }
  if (!asked) co_return std::unexpected(last);
  co_return fail(ErrorCode::unknown_outcome,
                 "the change of the servers was not confirmed by a majority in time; it may still "
                 "come");
}

Task<Result<void>> LeaderDuties::write(CommandBody body) {
  const auto outcome = co_await parts_.replica.propose(Command{.body = std::move(body)});
  if (!outcome) co_return std::unexpected(outcome.error());
  if (!outcome->error.empty()) co_return fail(ErrorCode::failed, outcome->error);
  co_return Result<void>();
}

AutopilotFacts LeaderDuties::autopilot_facts() {
  AutopilotFacts facts;
  facts.config = read_autopilot(parts_.reader.open().rows()).value_or(parts_.options.autopilot);
  facts.now_ms = parts_.replica.cluster_time_ms();
  facts.leader_last_index = parts_.raft.last_index().value;
  facts.heartbeat = parts_.raft.heartbeat();
  const auto members = read_servers();
  const auto peers = parts_.raft.peers();
  for (const raft::Server& server : parts_.raft.configuration().servers) {
    const std::string& id = server.id.value;
    ServerFacts one{.server = server, .is_leader = id == parts_.card().node.id};
    const auto member = std::ranges::find(members, id, &api::Member::id);
    if (member != members.end()) one.member = *member;
    raft::Index last = parts_.raft.last_index();
    if (!one.is_leader) {
      one.heard = heard_of(id, peers);
      const auto peer = std::ranges::find(peers, server.id, &raft::PeerStanding::id);
      last = peer == peers.end() ? raft::Index{} : peer->match_index;
      if (peer != peers.end()) {
        one.caught_up_for =
            parts_.raft.tick_length() * static_cast<std::int64_t>(peer->ticks_caught_up);
      }
    }
    one.last_index = last.value;
    one.last_term = parts_.raft.term_at(last).value_or(raft::Term{}).value;
    facts.servers.push_back(std::move(one));
  }
  return facts;
}

bool LeaderDuties::is_alive(const std::string& id) {
  if (id == parts_.card().node.id) return true;
  const Heard heard = heard_of(id, parts_.raft.peers());
  return heard.answered && heard.ago < parts_.options.upkeep.failed_after;
}

}  // namespace conclave::daemon
