// Introductions: who are you, whom do you know.

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "api/model/record.h"
#include "base/run/log.h"
#include "base/run/waiter.h"
#include "daemon/members/discovery.h"
#include "daemon/members/join_rules.h"
#include "daemon/tables/members.h"

namespace conclave::daemon {
namespace {

constexpr Nanos introduce_timeout = std::chrono::seconds(3);
/// A server without a log that was not heard for so long is no longer counted on.
constexpr Nanos silent_after = std::chrono::seconds(10);

}  // namespace

Introduction Discovery::own_introduction() const {
  Introduction own{.card = parts_.card(), .leader_address = parts_.replica.leader().leader_address};
  for (const raft::Server& server : parts_.raft.configuration().servers) {
    own.servers.push_back(server.address);
  }
  for (const auto& [id, heard] : heard_) own.servers.push_back(heard.said.card.rpc_address);
  std::ranges::sort(own.servers);
  own.servers.erase(std::ranges::unique(own.servers).begin(), own.servers.end());
  if (own.servers.size() > Introduction::servers_max) own.servers.resize(Introduction::servers_max);
  return own;
}

Task<Result<Introduction>> Discovery::introduce(std::string address) {
  const std::string request = api::encode_record(own_introduction());
  auto reply =
      co_await parts_.rpc.call(address, api::RpcMethod::introduce, request, introduce_timeout);
  if (!reply) co_return fail(address, reply.error());
  auto said = api::decode_record<Introduction>(*reply);
  if (!said) co_return fail(address, said.error());
  if (auto noted = note(*said); !noted) co_return fail(address, noted.error());
  co_return std::move(*said);
}

Task<Discovery::Round> Discovery::introduce_all(std::vector<std::string> addresses) {
  Round round;
  std::size_t left = addresses.size();
  Waiter done(parts_.main);
  for (std::string& address : addresses) {
    parts_.main.spawn("introduction", introduce_one(std::move(address), &round, &left, &done));
  }
  while (left > 0) co_await done.wait_for(introduce_timeout);
  co_return round;
}

/// What it points to is on the frame of introduce_all(), which waits for all of them.
Task<void> Discovery::introduce_one(std::string address, Round* round, std::size_t* left,
                                    Waiter* done) {
  const auto said = co_await introduce(std::move(address));
  if (!said) {
    round->failures.push_back(said.error().message);
  } else if (said->card.node.id == parts_.card().node.id) {
    ++round->own;
  } else {
    ++round->reached;
  }
  if (--*left == 0) done->notify_all();
}

/// An error: that one does not belong here.
Result<void> Discovery::note(const Introduction& said) {
  const NodeCard& card = said.card;
  if (card.node.id == parts_.card().node.id) {
    if (card.rpc_address == parts_.card().rpc_address) return {};
    return fail(ErrorCode::exists,
                fmt::format("{} answers as {} too, which is at {}: a data directory was copied; "
                            "start one of them with an empty one",
                            card.rpc_address, card.node.id, parts_.card().rpc_address));
  }
  CONCLAVE_TRY(check_same_cluster(parts_.card(), card));
  for (const std::string& address : said.servers) {
    if (told_.size() < heard_max && address != parts_.card().rpc_address) told_.insert(address);
  }
  if (!card.server) return {};
  if (const auto conflict = expectation_conflict(parts_.card(), card)) {
    say("expectation of " + card.node.id, *conflict);
  }
  std::erase_if(heard_, [&](const auto& entry) {
    return entry.second.said.card.rpc_address == card.rpc_address && entry.first != card.node.id;
  });
  if (heard_.size() >= heard_max && !heard_.contains(card.node.id)) return {};
  heard_[card.node.id] = {said, parts_.clock.boot_now()};
  return {};
}

Task<Result<std::string>> Discovery::on_introduce(std::string body) {
  auto said = api::decode_record<Introduction>(body);
  if (!said) co_return std::unexpected(said.error());
  if (auto noted = note(*said); !noted) {
    say("introduction of " + said->card.node.id, noted.error().message);
    co_return std::unexpected(noted.error());
  }
  Introduction own = own_introduction();
  own.lists_you_alive = lists_alive(said->card);
  if (!is_admitted() && !paused_) parts_.main.spawn("membership", settle());
  co_return api::encode_record(own);
}

bool Discovery::lists_alive(const NodeCard& card) {
  const auto member = find_member(parts_.reader.open().rows(), card.node.node);
  return member && member->id == card.node.id &&
         member->status == static_cast<std::uint64_t>(api::MemberStatus::alive);
}

std::vector<std::string> Discovery::addresses_to_try() const {
  std::set<std::string> addresses = told_;
  addresses.insert(start_join_.addresses.begin(), start_join_.addresses.end());
  addresses.insert(retry_join_.addresses.begin(), retry_join_.addresses.end());
  for (const auto& [id, heard] : heard_) addresses.insert(heard.said.card.rpc_address);
  for (const raft::Server& server : parts_.raft.configuration().servers) {
    addresses.insert(server.address);
  }
  addresses.erase(parts_.card().rpc_address);
  return {addresses.begin(), addresses.end()};
}

void Discovery::forget_silent() {
  const Nanos now = parts_.clock.boot_now();
  std::erase_if(heard_, [&](const auto& entry) { return now - entry.second.at > silent_after; });
}

void Discovery::say(const std::string& about, const std::string& sentence) {
  if (said_.size() > heard_max) said_.clear();
  if (std::exchange(said_[about], sentence) == sentence) return;
  log_warn("server", "{}", sentence);
}

}  // namespace conclave::daemon
