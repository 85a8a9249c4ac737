// A server without a log: finds a cluster, or founds one with the others (bootstrap.h).

#include <fmt/format.h>

#include <utility>

#include "api/model/record.h"
#include "base/run/file.h"
#include "base/run/log.h"
#include "base/run/random.h"
#include "daemon/members/bootstrap_file.h"
#include "daemon/members/discovery.h"
#include "daemon/members/join_address.h"

namespace conclave::daemon {
namespace {

constexpr Nanos proposal_timeout = std::chrono::seconds(5);

UuidBytes random_id() { return id_from({random_bytes(UuidBytes{}.size())}); }

}  // namespace

Task<void> Discovery::find_cluster() {
  forget_silent();
  std::vector<NodeCard> cards;
  const NodeCard* cluster = nullptr;
  for (const auto& [id, heard] : heard_) cards.push_back(heard.said.card);
  for (const NodeCard& card : cards) {
    if (!card.is_initialised()) continue;
    if (cluster != nullptr && cluster->cluster_id != card.cluster_id) {
      say("two clusters",
          fmt::format("{} is of cluster {} and {} of cluster {}: this server joins neither; name "
                      "servers of one cluster only",
                      cluster->node.node, id_text(cluster->cluster_id), card.node.node,
                      id_text(card.cluster_id)));
      co_return;
    }
    cluster = &card;
  }
  if (cluster == nullptr) {
    auto proposal = proposal_due(parts_.card(), promise_.accepted, cards, random_id());
    if (proposal) co_await found(std::move(*proposal));
    co_return;
  }
  if (is_committed_by(promise_.accepted, cluster->cluster_id)) {
    static_cast<void>(become_member(log_of(*promise_.accepted)));
    co_return;
  }
  if (promise_.accepted) {
    say("promise",
        fmt::format("{} is of cluster {}, but this server has accepted to found cluster {} with "
                    "{}: if that one never came to be, stop this server, remove {} and start it "
                    "again",
                    cluster->node.node, id_text(cluster->cluster_id),
                    id_text(promise_.accepted->cluster_id), member_names(*promise_.accepted),
                    parts_.options.promise_path));
    co_return;
  }
  log_info("server", "joining cluster {} of {}", id_text(cluster->cluster_id), cluster->node.node);
  static_cast<void>(become_member({.cluster_id = id_from(cluster->cluster_id),
                                   .incarnation = promise_.incarnation,
                                   .recovery_epoch = cluster->recovery_epoch,
                                   .first = std::nullopt}));
}

/// All have to accept, this server first; a round that fails is begun again with the same proposal.
Task<void> Discovery::found(BootstrapProposal proposal) {
  if (auto done = promise(proposal); !done) {
    say("promise", done.error().message);
    co_return;
  }
  BootstrapRequest request{.proposal = proposal};
  const std::string accept = api::encode_record(request);
  const std::string& self = parts_.card().node.id;
  for (const FirstMember& member : proposal.members) {
    if (member.id == self) continue;
    const auto accepted = co_await parts_.rpc.call(member.address, api::RpcMethod::bootstrap,
                                                   accept, proposal_timeout);
    if (!accepted) {
      say("founding",
          fmt::format("{} ({}) has not accepted to found cluster {}: {}", member.name,
                      member.address, id_text(proposal.cluster_id), accepted.error().message));
      co_return;
    }
  }
  log_info("server", "found expected number of peers, attempting bootstrap: peers={}",
           member_names(proposal));
  if (parts_.stopped || parts_.card().is_initialised()) co_return;
  if (!become_member(log_of(proposal))) co_return;
  request.commit = true;
  const std::string commit = api::encode_record(request);
  for (const FirstMember& member : proposal.members) {
    if (member.id == self) continue;
    // Who misses this hears it with the next introduction.
    static_cast<void>(co_await parts_.rpc.call(member.address, api::RpcMethod::bootstrap, commit,
                                               proposal_timeout));
  }
}

/// Durable when it returns.
Result<void> Discovery::promise(const BootstrapProposal& proposal) {
  CONCLAVE_TRY(judge_proposal(parts_.card(), promise_.accepted, proposal));
  if (promise_.accepted || parts_.card().is_initialised()) return {};
  BootstrapPromise next = promise_;
  next.accepted = proposal;
  CONCLAVE_TRY(write_promise(parts_.options.promise_path, next));
  promise_ = std::move(next);
  parts_.options.card.accepted = proposal.cluster_id;
  log_info("server", "accepted to found cluster {} with {}", id_text(proposal.cluster_id),
           member_names(proposal));
  return {};
}

Task<Result<std::string>> Discovery::on_bootstrap(std::string body) {
  const auto request = api::decode_record<BootstrapRequest>(body);
  if (!request) co_return std::unexpected(request.error());
  const BootstrapProposal& proposal = request->proposal;
  if (!request->commit) {
    if (auto done = promise(proposal); !done) {
      say("proposal of " + id_text(proposal.cluster_id), done.error().message);
      co_return std::unexpected(done.error());
    }
    co_return std::string();
  }
  if (parts_.card().is_initialised() && parts_.card().cluster_id == proposal.cluster_id) {
    co_return std::string();
  }
  if (promise_.accepted != proposal || parts_.card().is_initialised()) {
    co_return fail(ErrorCode::exists, parts_.card().node.node + " has not accepted this cluster");
  }
  if (auto done = become_member(log_of(proposal)); !done) co_return std::unexpected(done.error());
  co_return std::string();
}

NewLog Discovery::log_of(const BootstrapProposal& proposal) const {
  return {.cluster_id = id_from(proposal.cluster_id),
          .incarnation = promise_.incarnation,
          .recovery_epoch = 0,
          .first = first_configuration(proposal)};
}

Result<void> Discovery::become_member(NewLog log) {
  if (auto made = parts_.callbacks.initialise(log); !made) {
    log_error("server", "cannot write the log: {}", made.error().message);
    parts_.callbacks.give_up("cannot write the log: " + made.error().message);
    return made;
  }
  NodeCard& card = parts_.options.card;
  card.cluster_id = id_bytes(log.cluster_id);
  card.recovery_epoch = log.recovery_epoch;
  card.accepted = {};
  promise_ = {};
  // With the log in place it must never be read again; every start with a log removes it too.
  if (auto removed = remove_file(parts_.options.promise_path); !removed) {
    log_error("server", "{}", removed.error().message);
  }
  return {};
}

/// Without a log: what was promised, or a new incarnation to make promises with.
Result<void> Discovery::start() {
  for (const auto& [written, list] : {std::pair(&parts_.options.start_join, &start_join_),
                                      std::pair(&parts_.options.retry_join, &retry_join_)}) {
    for (const std::string& text : *written) {
      CONCLAVE_TRY_ASSIGN(std::string address, join_address(text, parts_.options.card.serf_port));
      list->addresses.push_back(std::move(address));
      list->done = false;
    }
  }
  NodeCard& card = parts_.options.card;
  leader_seen_ = parts_.clock.boot_now();
  const bool was_asked = !start_join_.done || !retry_join_.done;
  const bool has_left = !parts_.options.left_path.empty() && path_exists(parts_.options.left_path);
  wants_in_ = was_asked || (has_left && parts_.options.rejoin_after_leave);
  dormant_ = has_left && !wants_in_;
  if (dormant_) {
    log_warn("server",
             "this node has left its cluster and does not rejoin by itself: run `conclave join`, "
             "or start it with -retry-join or -rejoin");
  }
  if (card.is_initialised() || !card.server) return remove_file(parts_.options.promise_path);
  CONCLAVE_TRY_ASSIGN(auto kept, read_promise(parts_.options.promise_path));
  promise_ = kept.value_or(BootstrapPromise{.incarnation = random_id()});
  if (!kept) CONCLAVE_TRY(write_promise(parts_.options.promise_path, promise_));
  card.incarnation = id_bytes(promise_.incarnation);
  if (promise_.accepted) card.accepted = promise_.accepted->cluster_id;
  if (!card.bootstrap || promise_.accepted) return {};
  const BootstrapProposal alone{.cluster_id = id_bytes(random_id()),
                                .datacenter = card.node.datacenter,
                                .members = {{.id = card.node.id,
                                             .name = card.node.node,
                                             .incarnation = card.incarnation,
                                             .address = card.rpc_address}}};
  return become_member(log_of(alone));
}

}  // namespace conclave::daemon
