#include "daemon/members/membership.h"

#include <utility>

#include "api/model/record.h"
#include "api/rpc/lasting_calls.h"
#include "base/run/file.h"
#include "base/run/log.h"
#include "base/run/run_on.h"
#include "base/run/sleep.h"
#include "daemon/tables/members.h"
#include "raft/core/configuration.h"

namespace conclave::daemon {
namespace {

constexpr Nanos tick_period = std::chrono::milliseconds(250);
constexpr Nanos round_period = std::chrono::seconds(1);
/// Leaving waits so long for a leader, over a handing over and an election.
constexpr Nanos leave_max = std::chrono::seconds(30);
constexpr Nanos leader_wait_max = std::chrono::seconds(7);
constexpr Nanos look_again = std::chrono::milliseconds(100);

}  // namespace

Membership::Membership(Loop& main, const Clock& clock, api::Rpc& rpc, api::RpcHandlers& handlers,
                       Replica& replica, RaftControl& raft, Reader& reader,
                       MembershipOptions options, MembershipCallbacks callbacks)
    : parts_{main, clock, rpc, replica, raft, reader, std::move(options), std::move(callbacks)},
      discovery_(parts_),
      duties_(parts_),
      passing_(parts_, duties_.leases()) {
  using api::RpcMethod;
  handlers.add(RpcMethod::introduce, [this](api::RpcPeer, std::string body) {
    return discovery_.on_introduce(std::move(body));
  });
  handlers.add(RpcMethod::bootstrap, [this](api::RpcPeer, std::string body) {
    return discovery_.on_bootstrap(std::move(body));
  });
  handlers.add(RpcMethod::join,
               [this](api::RpcPeer, std::string body) { return on_join(std::move(body)); });
  handlers.add(RpcMethod::leave,
               [this](api::RpcPeer, std::string body) { return on_leave(std::move(body)); });
  handlers.add(api::renew_node, [this](api::RpcPeer, std::string body) {
    return passing_.on_renew(std::move(body));
  });
  handlers.add(api::pass_leases, [this](api::RpcPeer, std::string body) {
    return passing_.on_pass(std::move(body));
  });
  handlers.add(api::list_members, [this](api::RpcPeer, const std::string&) { return on_list(); });
  replica.on_leadership([this](bool leading) {
    duties_.set_leading(leading);
    if (leading) parts_.main.spawn("member upkeep", duties_.round());
  });
}

Result<void> Membership::start() {
  CONCLAVE_TRY(discovery_.start());
  parts_.main.spawn("membership timer", keep_ticking());
  return {};
}

void Membership::stop() { parts_.stopped = true; }

Task<void> Membership::keep_ticking() {
  while (!parts_.stopped) {
    tick();
    co_await sleep_for(parts_.main, tick_period);
  }
}

void Membership::tick() {
  discovery_.tick();
  passing_.tick();
  const Nanos now = parts_.clock.boot_now();
  if (parts_.stopped || now < next_round_) return;
  next_round_ = now + round_period;
  parts_.main.spawn("member upkeep", duties_.round());
}

template <class T>
Task<T> Membership::on_main(Task<T> task) {
  if (parts_.main.is_here()) co_return co_await std::move(task);
  co_return co_await run_on(parts_.main, std::move(task));
}

Task<Result<void>> Membership::join(std::string address) {
  return on_main(discovery_.join(std::move(address)));
}

Task<Result<void>> Membership::leave() { return on_main(leave_on_main()); }

Task<Result<void>> Membership::force_leave(std::string name, bool prune) {
  return on_main(at_leader({.name = std::move(name), .id = {}, .forced = true, .prune = prune}));
}

/// Where a request for the leader is to go instead; "" when this server leads or knows none.
std::string Membership::leader_elsewhere() const {
  return parts_.raft.is_leader() ? std::string() : parts_.replica.leader().leader_address;
}

Task<Result<std::string>> Membership::on_join(std::string body) {
  auto request = api::decode_record<JoinRequest>(body);
  if (!request) co_return std::unexpected(request.error());
  if (const std::string leader = leader_elsewhere(); !leader.empty()) {
    if (request->relay) co_return co_await pass_on(api::RpcMethod::join, leader, std::move(body));
    co_return api::encode_record(LeaderReply{leader});
  }
  if (auto done = co_await duties_.admit(std::move(*request)); !done) {
    co_return std::unexpected(done.error());
  }
  co_return api::encode_record(LeaderReply{});
}

Task<Result<std::string>> Membership::on_leave(std::string body) {
  auto request = api::decode_record<LeaveRequest>(body);
  if (!request) co_return std::unexpected(request.error());
  if (const std::string leader = leader_elsewhere(); !leader.empty()) {
    if (request->relay) co_return co_await pass_on(api::RpcMethod::leave, leader, std::move(body));
    co_return api::encode_record(LeaderReply{leader});
  }
  if (auto done = co_await duties_.let_go(std::move(*request)); !done) {
    co_return std::unexpected(done.error());
  }
  co_return api::encode_record(LeaderReply{});
}

/// What an agent asks of the leader. A leader that is none any more answers with another address,
/// which is an error here: the agent asks again.
Task<Result<std::string>> Membership::pass_on(api::RpcMethod method, std::string leader,
                                              std::string body) {
  auto answer = co_await parts_.rpc.call(leader, method, std::move(body), membership_call_timeout);
  if (!answer) co_return answer;
  const auto reply = api::decode_record<LeaderReply>(*answer);
  if (reply && !reply->leader_address.empty()) {
    co_return fail(ErrorCode::no_leader, "No cluster leader");
  }
  co_return answer;
}

Task<Result<std::string>> Membership::on_list() {
  MemberList list;
  const ReadSnapshot snapshot = parts_.reader.open();
  visit_members(snapshot.rows(), [&](const api::Member& member) {
    list.members.push_back(member);
    return true;
  });
  co_return api::encode_record(list);
}

bool Membership::is_only_voter() const {
  const raft::Configuration configuration = parts_.raft.configuration();
  std::size_t others = 0;
  for (const raft::Server& server : configuration.servers) {
    const bool other = server.id.value != parts_.card().node.id;
    if (other && server.suffrage == raft::Suffrage::voter) ++others;
  }
  return others == 0;
}

Task<Result<void>> Membership::leave_on_main() {
  discovery_.pause();
  const NodeCard& card = parts_.card();
  const bool belongs = !card.server || !parts_.raft.configuration().servers.empty();
  // The last one stops, and is what it was when it starts again.
  const bool stays = card.server && is_only_voter();
  Result<void> done;
  if (belongs) {
    LeaveRequest request{.name = card.node.node, .id = card.node.id};
    done = co_await leave_cluster(std::move(request));
  }
  if (done && belongs && !stays && !parts_.options.left_path.empty()) {
    done = write_file_atomically(parts_.options.left_path, "left\n");
  }
  if (!done) discovery_.resume();
  co_return done;
}

/// A leader hands over before it goes; whoever leads then takes this server out.
Task<Result<void>> Membership::leave_cluster(LeaveRequest request) {
  const Nanos deadline = parts_.clock.boot_now() + leave_max;
  Result<void> done = fail(ErrorCode::no_leader, "No cluster leader");
  while (parts_.clock.boot_now() < deadline && !parts_.stopped) {
    if (parts_.raft.is_leader() && is_only_voter()) co_return co_await duties_.let_go(request);
    if (parts_.raft.is_leader()) {
      log_info("server", "handing leadership over before leaving");
      done = co_await duties_.transfer_leadership({});
      if (!done) co_return done;
    }
    done = co_await at_leader(request);
    const bool again =
        !done && (done.error().code == ErrorCode::no_leader || done.error().code == ErrorCode::io ||
                  done.error().code == ErrorCode::unknown_outcome);
    if (!again) co_return done;
    co_await sleep_for(parts_.main, look_again);
  }
  co_return done;
}

Task<Result<void>> Membership::at_leader(LeaveRequest request) {
  const Nanos deadline = parts_.clock.boot_now() + leader_wait_max;
  std::string address;
  while (true) {
    if (parts_.raft.is_leader()) co_return co_await duties_.let_go(std::move(request));
    if (address.empty()) address = leader_elsewhere();
    if (!address.empty()) {
      const auto answer = co_await parts_.rpc.call(
          address, api::RpcMethod::leave, api::encode_record(request), 2 * membership_call_timeout);
      if (!answer && answer.error().code != ErrorCode::no_leader) {
        co_return std::unexpected(answer.error());
      }
      address.clear();
      if (answer) {
        const auto reply = api::decode_record<LeaderReply>(*answer);
        if (!reply) co_return std::unexpected(reply.error());
        if (reply->leader_address.empty()) co_return Result<void>();
        address = reply->leader_address;
      }
    }
    if (parts_.clock.boot_now() >= deadline || parts_.stopped) break;
    co_await sleep_for(parts_.main, look_again);
  }
  co_return fail(ErrorCode::no_leader, "No cluster leader");
}

}  // namespace conclave::daemon
