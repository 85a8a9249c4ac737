#include "daemon/members/discovery.h"

#include <fmt/format.h>

#include <utility>

#include "api/model/record.h"
#include "base/run/file.h"
#include "base/run/log.h"
#include "base/run/sleep.h"
#include "base/run/waiter.h"
#include "daemon/members/join_address.h"
#include "daemon/members/join_rules.h"
#include "raft/core/configuration.h"

namespace conclave::daemon {
namespace {

constexpr Nanos seek_period = std::chrono::seconds(1);
constexpr Nanos present_period = std::chrono::seconds(1);
/// A member that has heard no leader for so long asks around: perhaps its address changed, or it
/// was removed.
constexpr Nanos lonely_after = std::chrono::seconds(5);
constexpr Nanos listing_max = std::chrono::seconds(10);
constexpr Nanos listing_period = std::chrono::milliseconds(50);
constexpr int hops_max = 3;

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : "; ") + text;
  return all;
}

}  // namespace

Discovery::Discovery(MembershipParts& parts) : parts_(parts) {}

bool Discovery::is_admitted() const {
  const NodeCard& card = parts_.card();
  if (!card.server) return !presented_.empty();
  return card.is_initialised() && raft::find_member(parts_.raft.configuration(), {card.node.id},
                                                    id_from(card.incarnation)) != nullptr;
}

bool Discovery::knows_leader() const {
  return parts_.replica.leader().is_leader || !parts_.replica.leader().leader_address.empty();
}

void Discovery::tick() {
  if (paused_ || parts_.stopped) return;
  const Nanos now = parts_.clock.boot_now();
  for (JoinList* list : {&start_join_, &retry_join_}) {
    if (list->done || list->running || now < list->next_at) continue;
    list->running = true;
    parts_.main.spawn("join", run_list(list, list == &start_join_));
  }
  if (dormant_) return;
  if (knows_leader()) leader_seen_ = now;
  const bool settled = is_admitted() && now - leader_seen_ < lonely_after;
  if (!settled && !seeking_ && now >= next_seek_) {
    next_seek_ = now + seek_period;
    parts_.main.spawn("membership", seek());
  }
  const LeaderInfo leader = parts_.replica.leader();
  if (!settled || leader.is_leader || leader.leader_address.empty()) return;
  const std::string to = fmt::format("{} {}", leader.leader_id, leader.term);
  if (to == presented_ || presenting_ || now < next_present_) return;
  next_present_ = now + present_period;
  parts_.main.spawn("membership", settle());
}

Task<void> Discovery::seek() {
  seeking_ = true;
  const Round round = co_await introduce_all(addresses_to_try());
  seeking_ = false;
  if (round.reached > 0 || parts_.card().expect > 1) co_await settle();
}

/// With what is known now: a log if there is none, then before the leader with it.
Task<void> Discovery::settle() {
  if (settling_ || paused_ || dormant_ || parts_.stopped) co_return;
  settling_ = true;
  if (parts_.card().server && !parts_.card().is_initialised()) co_await find_cluster();
  if (parts_.card().is_initialised() || !parts_.card().server) {
    if (auto done = co_await present(); !done) say("presenting", done.error().message);
  }
  settling_ = false;
}

Task<Result<void>> Discovery::present() {
  const LeaderInfo leader = parts_.replica.leader();
  if (leader.is_leader) co_return Result<void>();
  presenting_ = true;
  forget_silent();
  std::vector<std::string> addresses;
  if (!leader.leader_address.empty()) addresses.push_back(leader.leader_address);
  for (const auto& [id, heard] : heard_) {
    if (!heard.said.card.is_initialised()) continue;
    const std::string& known = heard.said.leader_address;
    addresses.push_back(known.empty() ? heard.said.card.rpc_address : known);
  }
  Result<void> done = fail(ErrorCode::no_leader, "no server of the cluster can be reached");
  for (const std::string& address : addresses) {
    done = co_await ask_at(address);
    if (done) break;
  }
  presenting_ = false;
  if (!done) co_return done;
  presented_ = fmt::format("{} {}", leader.leader_id, leader.term);
  said_.erase("presenting");
  wants_in_ = false;
  if (!parts_.options.left_path.empty()) done = remove_file(parts_.options.left_path);
  co_return done;
}

Task<Result<void>> Discovery::ask_at(std::string address) {
  JoinRequest request{.card = parts_.card()};
  // Whoever never was a member has been asked by whoever started it.
  request.wants_in = wants_in_ || parts_.raft.configuration().servers.empty();
  const std::string body = api::encode_record(request);
  for (int hop = 0; hop < hops_max; ++hop) {
    const auto answer =
        co_await parts_.rpc.call(address, api::RpcMethod::join, body, 2 * membership_call_timeout);
    if (!answer) co_return fail("joining at " + address, answer.error());
    const auto reply = api::decode_record<LeaderReply>(*answer);
    if (!reply) co_return fail("joining at " + address, reply.error());
    if (reply->leader_address.empty()) co_return Result<void>();
    address = reply->leader_address;
  }
  co_return fail(ErrorCode::no_leader, "the servers do not agree on who leads them");
}

Task<void> Discovery::run_list(JoinList* list, bool once) {
  log_info("agent", "{}", once ? "Joining cluster..." : "Joining cluster...: cluster=LAN");
  log_info("agent", "(LAN) joining: lan_addresses=[{}]", fmt::join(list->addresses, ", "));
  const Round round = co_await introduce_all(list->addresses);
  list->running = false;
  const bool only_own = round.own > 0 && round.failures.empty();
  if (round.reached > 0 || only_own) {
    list->done = true;
    log_info("agent",
             "Join cluster completed. Synced with initial agents: cluster=LAN "
             "num_agents={}",
             round.reached + round.own);
    co_await settle();
    co_return;
  }
  const std::string why = joined(round.failures);
  if (once) {
    list->done = true;
    log_error("agent", "Error joining the cluster: {}", why);
    parts_.callbacks.give_up("Error joining the cluster: " + why);
    co_return;
  }
  ++list->failures;
  if (parts_.options.retry_max > 0 && list->failures > parts_.options.retry_max) {
    list->done = true;
    log_error("agent", "max join retry exhausted, exiting: {}", why);
    parts_.callbacks.give_up("max join retry exhausted, exiting: " + why);
    co_return;
  }
  list->next_at = parts_.clock.boot_now() + parts_.options.retry_interval;
  log_warn("agent", "Join cluster failed, will retry: cluster=LAN retry_interval={} error={}",
           format_duration(parts_.options.retry_interval), why);
}

Task<Result<void>> Discovery::join(std::string address) {
  auto target = join_address(address, parts_.card().serf_port);
  if (!target) co_return std::unexpected(target.error());
  dormant_ = false;
  const bool is_refused = said_.contains("presenting");
  wants_in_ = wants_in_ || is_refused || !is_admitted() || !knows_leader();
  const auto said = co_await introduce(*target);
  if (!said) co_return std::unexpected(said.error());
  if (said->card.node.id == parts_.card().node.id) co_return Result<void>();
  told_.insert(*target);
  if (!said->card.is_initialised() && !parts_.card().is_initialised()) {
    co_await settle();
    co_return Result<void>();
  }
  co_return co_await await_listing(*target);
}

/// The other one shows this node alive, which it does when it has applied that.
Task<Result<void>> Discovery::await_listing(std::string address) {
  const Nanos deadline = parts_.clock.boot_now() + listing_max;
  while (true) {
    co_await settle();
    const auto said = co_await introduce(address);
    if (!said) co_return std::unexpected(said.error());
    if (said->lists_you_alive) co_return Result<void>();
    if (parts_.clock.boot_now() >= deadline || parts_.stopped) break;
    co_await sleep_for(parts_.main, listing_period);
  }
  const auto why = said_.find("presenting");
  co_return fail(ErrorCode::unavailable,
                 address + " does not list this node yet" +
                     (why == said_.end() || why->second.empty() ? "" : ": " + why->second));
}

}  // namespace conclave::daemon
