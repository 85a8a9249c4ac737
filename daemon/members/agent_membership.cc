#include "daemon/members/agent_membership.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "api/model/record.h"
#include "api/rpc/lasting_calls.h"
#include "base/run/log.h"
#include "base/run/sleep.h"
#include "daemon/members/join_address.h"
#include "daemon/members/join_rules.h"

namespace conclave::daemon {
namespace {

constexpr Nanos introduce_timeout = std::chrono::seconds(3);
constexpr Nanos renew_timeout = std::chrono::seconds(3);
constexpr Nanos leader_timeout = std::chrono::seconds(15);
constexpr Nanos list_timeout = std::chrono::seconds(10);
constexpr Nanos look_period = std::chrono::milliseconds(250);

}  // namespace

AgentMembership::AgentMembership(Loop& main, const Clock& clock, api::Rpc& rpc,
                                 api::RpcHandlers& handlers, AgentMembershipOptions options,
                                 AgentMembershipCallbacks callbacks)
    : main_(main),
      clock_(clock),
      rpc_(rpc),
      options_(std::move(options)),
      callbacks_(std::move(callbacks)) {
  handlers.add(api::RpcMethod::introduce,
               [this](api::RpcPeer, std::string body) { return on_introduce(std::move(body)); });
}

Result<void> AgentMembership::start() {
  CONCLAVE_TRY_ASSIGN(start_join_.addresses, parsed(options_.start_join));
  CONCLAVE_TRY_ASSIGN(retry_join_.addresses, parsed(options_.retry_join));
  start_join_.done = start_join_.addresses.empty();
  main_.spawn("joining", keep_joining());
  return {};
}

Result<std::vector<std::string>> AgentMembership::parsed(
    const std::vector<std::string>& written) const {
  std::vector<std::string> addresses;
  for (const std::string& text : written) {
    CONCLAVE_TRY_ASSIGN(std::string address, join_address(text, options_.card.serf_port));
    addresses.push_back(std::move(address));
  }
  return addresses;
}

void AgentMembership::met(const api::RpcIdentity& other) {
  if (!other.is_server || other.cluster_id == UuidBytes{}) return;
  options_.card.cluster_id = id_bytes(other.cluster_id);
  options_.card.recovery_epoch = other.recovery_epoch;
}

/// A list is asked at the start and whenever no server is reached.
Task<void> AgentMembership::keep_joining() {
  while (!stopped_) {
    const Nanos now = clock_.boot_now();
    if (!start_join_.done && !start_join_.running) {
      start_join_.running = true;
      main_.spawn("join", run_list(&start_join_, true));
    }
    const bool wanted = !retry_join_.addresses.empty() && !callbacks_.connected();
    if (wanted && !retry_join_.running && now >= retry_join_.next_at) {
      retry_join_.running = true;
      main_.spawn("retry join", run_list(&retry_join_, false));
    }
    co_await sleep_for(main_, look_period);
  }
}

Task<void> AgentMembership::run_list(JoinList* list, bool once) {
  log_info("agent", "{}", once ? "Joining cluster..." : "Joining cluster...: cluster=LAN");
  log_info("agent", "(LAN) joining: lan_addresses=[{}]", fmt::join(list->addresses, ", "));
  std::size_t reached = 0;
  std::vector<std::string> failures;
  for (const std::string& address : list->addresses) {
    const auto said = co_await greet(address);
    if (stopped_) co_return;
    if (said) {
      ++reached;
    } else {
      failures.push_back(said.error().message);
    }
  }
  list->running = false;
  list->next_at = clock_.boot_now() + options_.retry_interval;
  if (reached > 0) {
    list->done = true;
    list->failures = 0;
    log_info("agent",
             "Join cluster completed. Synced with initial agents: cluster=LAN num_agents={}",
             reached);
    co_return;
  }
  const std::string why = fmt::format("{}", fmt::join(failures, "; "));
  if (once) {
    list->done = true;
    log_error("agent", "Error joining the cluster: {}", why);
    callbacks_.give_up("Error joining the cluster: " + why);
    co_return;
  }
  ++list->failures;
  if (!list->done && options_.retry_max > 0 && list->failures > options_.retry_max) {
    log_error("agent", "max join retry exhausted, exiting: {}", why);
    callbacks_.give_up("max join retry exhausted, exiting: " + why);
    stopped_ = true;
    co_return;
  }
  log_warn("agent", "Join cluster failed, will retry: cluster=LAN retry_interval={} error={}",
           format_duration(options_.retry_interval), why);
}

Introduction AgentMembership::own_introduction() const {
  return {.card = options_.card, .leader_address = {}, .servers = servers_};
}

Result<void> AgentMembership::note(const Introduction& said) {
  if (said.card.node.id == options_.card.node.id) return {};
  CONCLAVE_TRY(check_same_cluster(options_.card, said.card));
  std::vector<std::string> servers = said.servers;
  if (said.card.server) servers.push_back(said.card.rpc_address);
  std::ranges::sort(servers);
  servers.erase(std::ranges::unique(servers).begin(), servers.end());
  if (servers.size() > Introduction::servers_max) servers.resize(Introduction::servers_max);
  if (servers.empty()) return {};
  servers_ = servers;
  callbacks_.learnt(servers_, said.card.server);
  return {};
}

Task<Result<Introduction>> AgentMembership::greet(std::string address) {
  const std::string request = api::encode_record(own_introduction());
  auto reply = co_await rpc_.call(address, api::RpcMethod::introduce, request, introduce_timeout);
  if (!reply) co_return fail(address, reply.error());
  auto said = api::decode_record<Introduction>(*reply);
  if (!said) co_return fail(address, said.error());
  if (auto noted = note(*said); !noted) co_return fail(address, noted.error());
  co_return std::move(*said);
}

/// Others join by this node, and a server may make itself known to it.
Task<Result<std::string>> AgentMembership::on_introduce(std::string body) {
  auto said = api::decode_record<Introduction>(body);
  if (!said) co_return std::unexpected(said.error());
  if (auto noted = note(*said); !noted) co_return std::unexpected(noted.error());
  Introduction own = own_introduction();
  // A server that was told to join an agent has done so when the agent talks to its cluster.
  own.lists_you_alive = said->card.server && callbacks_.connected();
  co_return api::encode_record(own);
}

Task<Result<LeaseReply>> AgentMembership::renew(std::string address) {
  const LeaseRenewal renewal{.id = options_.card.node.id, .name = options_.card.node.node};
  auto reply = co_await rpc_.call(std::move(address), api::renew_node, api::encode_record(renewal),
                                  renew_timeout);
  if (!reply) co_return std::unexpected(reply.error());
  co_return api::decode_record<LeaseReply>(*reply);
}

Task<Result<void>> AgentMembership::ask_leader(std::string address, api::RpcMethod method,
                                               std::string body) {
  auto answer = co_await rpc_.call(std::move(address), method, std::move(body), leader_timeout);
  if (!answer) co_return std::unexpected(answer.error());
  const auto reply = api::decode_record<LeaderReply>(*answer);
  if (!reply) co_return std::unexpected(reply.error());
  co_return Result<void>();
}

Task<Result<void>> AgentMembership::present(std::string address) {
  const JoinRequest request{.card = options_.card, .wants_in = true, .relay = true};
  return ask_leader(std::move(address), api::RpcMethod::join, api::encode_record(request));
}

Task<Result<std::vector<api::Member>>> AgentMembership::list(std::string address) {
  auto reply = co_await rpc_.call(std::move(address), api::list_members, {}, list_timeout);
  if (!reply) co_return std::unexpected(reply.error());
  auto list = api::decode_record<MemberList>(*reply);
  if (!list) co_return std::unexpected(list.error());
  co_return std::move(list->members);
}

Task<Result<void>> AgentMembership::leave(std::string address) {
  const LeaveRequest request{
      .name = options_.card.node.node, .id = options_.card.node.id, .relay = true};
  return ask_leader(std::move(address), api::RpcMethod::leave, api::encode_record(request));
}

Task<Result<void>> AgentMembership::force_leave(std::string address, std::string name, bool prune) {
  const LeaveRequest request{
      .name = std::move(name), .id = {}, .forced = true, .prune = prune, .relay = true};
  return ask_leader(std::move(address), api::RpcMethod::leave, api::encode_record(request));
}

Task<Result<void>> AgentMembership::join(std::string address) {
  auto target = join_address(address, options_.card.serf_port);
  if (!target) co_return std::unexpected(target.error());
  const auto said = co_await greet(*target);
  if (!said) co_return std::unexpected(said.error());
  co_return Result<void>();
}

}  // namespace conclave::daemon
