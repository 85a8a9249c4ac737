#include "cli/run/client_part.h"

#include <fmt/format.h>

#include <utility>

#include "api/model/record.h"
#include "base/core/version.h"
#include "base/run/log.h"
#include "base/run/random.h"
#include "base/run/sleep.h"
#include "daemon/members/keyring_changes.h"

namespace conclave::cli {
namespace {

/// An agent that leaves or joins waits so long for a server and its leader.
constexpr Nanos server_wait_max = std::chrono::seconds(7);
constexpr Nanos leave_max = std::chrono::seconds(7);
constexpr Nanos listing_max = std::chrono::seconds(10);
constexpr Nanos exchange_timeout = std::chrono::seconds(3);
constexpr Nanos look_again = std::chrono::milliseconds(100);

/// A lease is renewed so often while it lasts.
constexpr int renewals_per_lease = 4;

agent::LinkOptions link_options(const AgentConfig& config) {
  agent::LinkOptions options;
  options.node = config.node_name;
  options.renew_period = config.node_lease_ttl / renewals_per_lease;
  options.hold = config.rpc_hold_timeout;
  options.rebalance_min = config.rebalance_interval;
  options.rebalance_max = config.rebalance_interval + config.rebalance_interval / 2;
  options.waits = {config.default_query_time, config.max_query_time};
  return options;
}

daemon::AgentMembershipOptions membership_options(const AgentConfig& config,
                                                  const Identity& identity) {
  daemon::AgentMembershipOptions options;
  options.card = node_card(config, identity);
  options.start_join = config.start_join;
  options.retry_join = config.retry_join;
  options.retry_interval = config.retry_interval;
  options.retry_max = config.retry_max;
  return options;
}

Task<Result<std::string>> answer_keyring(std::shared_ptr<api::ClusterKeyring> keyring,
                                         std::string body) {
  co_return keyring->answer(body);
}

std::unexpected<Error> no_server() { return fail(ErrorCode::no_leader, "No known Consul servers"); }

bool may_ask_again(const Error& error) {
  return error.code == ErrorCode::no_leader || error.code == ErrorCode::io ||
         error.code == ErrorCode::unknown_outcome;
}

}  // namespace

daemon::NodeCard node_card(const AgentConfig& config, const Identity& identity) {
  daemon::NodeCard card;
  card.node = local_options(config, identity).node;
  card.server = config.server;
  card.serf_port = config.ports.serf_lan;
  card.server_port = config.ports.server;
  card.build = std::string(compatible_version) + ":";
  const std::int64_t port = config.server ? config.ports.server : config.ports.serf_lan;
  card.rpc_address = join_host_port(identity.address, port);
  return card;
}

std::string keyring_path(const AgentConfig& config) {
  const bool kept = !config.data_dir.empty() && !config.disable_keyring_file;
  return kept ? config.data_dir + "/keyring" : "";
}

ClientPart::ClientPart(const AgentConfig& config, const Identity& identity, ClusterPorts ports,
                       Loop& main, const Clock& clock, Metrics& metrics, agent::ServerList servers,
                       std::shared_ptr<api::ClusterKeyring> keyring,
                       std::function<void(const std::string&)> give_up)
    : config_(config),
      identity_(identity),
      main_(main),
      clock_(clock),
      ports_(std::move(ports)),
      keyring_(std::move(keyring)),
      servers_(std::move(servers)),
      rpc_client_(
          main, {}, [this] { return rpc_identity(); },
          [this](const api::RpcIdentity& other) { met(other); }, keys(), metrics),
      rpc_server_(
          main, {}, [this] { return rpc_identity(); },
          [this](const api::RpcIdentity& other) { met(other); }, metrics),
      membership_(main, clock, rpc_client_, rpc_server_, membership_options(config, identity),
                  {.learnt =
                       [this](const std::vector<std::string>& addresses, bool all) {
                         servers_.learn(addresses, all);
                         if (!link_.is_connected()) link_.look_now();
                       },
                   .connected = [this] { return link_.is_connected(); },
                   .give_up = std::move(give_up)}),
      link_(main, clock, rpc_client_, *this, servers_, link_options(config), Rng(random_u64()),
            metrics),
      listener_(
          main, listener_limits(config), keys(),
          [this](std::shared_ptr<FramedStream> stream, const Hello& hello) {
            accept(std::move(stream), hello);
          },
          metrics) {
  if (keyring_ == nullptr) return;
  rpc_server_.add(api::exchange_keyring,
                  [this](api::RpcPeer, std::string body) -> Task<Result<std::string>> {
                    return answer_keyring(keyring_, std::move(body));
                  });
}

Result<void> ClientPart::start() {
  for (Descriptor& socket : ports_.sockets) listener_.serve(socket.release());
  CONCLAVE_TRY(membership_.start());
  link_.start();
  if (keyring_ != nullptr) main_.spawn("keyring", keep_keys());
  return {};
}

/// The keys change while agents run: each asks its server, which asks the leader.
Task<void> ClientPart::keep_keys() {
  while (!stopped_) {
    if (link_.is_connected()) {
      const auto reply =
          co_await rpc_client_.call(link_.server(), api::exchange_keyring,
                                    api::encode_record(keyring_->record()), exchange_timeout);
      const auto heard = reply ? api::decode_record<api::KeyringRecord>(*reply)
                               : Result<api::KeyringRecord>(std::unexpected(reply.error()));
      if (heard) {
        if (const auto done = keyring_->adopt(*heard); !done) {
          log_error("agent", "the keyring cannot be taken over: {}", done.error().message);
        }
      }
    }
    co_await sleep_for(main_, daemon::KeyringChanges::exchange_period);
  }
}

void ClientPart::stop() {
  stopped_ = true;
  membership_.stop();
  link_.stop();
  listener_.stop();
  rpc_client_.stop();
  rpc_server_.stop();
}

void ClientPart::accept(std::shared_ptr<FramedStream> stream, const Hello& hello) {
  if (hello.purpose == Purpose::rpc) return rpc_server_.accept(std::move(stream), hello);
  main_.spawn("refusal", refuse(std::move(stream),
                                {RefusalCode::not_ready, "this node is an agent, and no server"}));
}

api::RpcIdentity ClientPart::rpc_identity() const {
  api::RpcIdentity self;
  self.node_id = identity_.node_id;
  self.name = config_.node_name;
  self.datacenter = config_.datacenter;
  self.cluster_id = servers_.cluster_id();
  self.recovery_epoch = servers_.recovery_epoch();
  return self;
}

void ClientPart::met(const api::RpcIdentity& other) {
  if (!other.is_server) return;
  servers_.met(other.cluster_id, other.recovery_epoch);
  membership_.met(other);
}

Task<Result<void>> ClientPart::greet(std::string address) {
  const auto said = co_await membership_.greet(std::move(address));
  if (!said) co_return std::unexpected(said.error());
  co_return Result<void>();
}

Task<Result<agent::ServerCalls::Standing>> ClientPart::renew(std::string address) {
  const auto reply = co_await membership_.renew(std::move(address));
  if (!reply) co_return std::unexpected(reply.error());
  co_return Standing{
      .listed = reply->listed, .passed_on = reply->passed_on, .members = reply->members};
}

Task<Result<void>> ClientPart::present(std::string address) {
  return membership_.present(std::move(address));
}

Task<std::vector<api::Member>> ClientPart::members() {
  if (link_.is_connected()) {
    auto list = co_await membership_.list(link_.server());
    if (list) seen_ = std::move(*list);
  }
  co_return seen_;
}

std::size_t ClientPart::count_members() { return link_.members(); }

agent::ServerStats ClientPart::stats() {
  agent::ServerStats stats;
  stats.known_servers = servers_.addresses().size();
  return stats;
}

Task<Result<void>> ClientPart::join(std::string address) {
  if (auto met = co_await membership_.join(std::move(address)); !met) co_return met;
  if (servers_.addresses().empty()) co_return Result<void>();
  const Nanos deadline = clock_.boot_now() + listing_max;
  while (!(link_.is_connected() && link_.is_listed())) {
    if (clock_.boot_now() >= deadline) {
      co_return fail(ErrorCode::unavailable, "the servers do not list this node yet");
    }
    co_await sleep_for(main_, look_again);
  }
  co_return Result<void>();
}

/// Without any server that was ever heard of there is nothing to leave.
Task<Result<void>> ClientPart::leave() {
  if (servers_.addresses().empty()) co_return Result<void>();
  link_.pause();
  auto left = co_await leave_by(clock_.boot_now() + leave_max);
  if (!left) link_.resume();
  co_return left;
}

Task<Result<void>> ClientPart::leave_by(Nanos deadline) {
  Result<void> done = no_server();
  while (clock_.boot_now() < deadline) {
    if (co_await link_.wait_for_server(deadline - clock_.boot_now())) {
      done = co_await membership_.leave(link_.server());
      // Who is not known has left.
      if (!done && done.error().code == ErrorCode::not_found) co_return Result<void>();
      if (done || !may_ask_again(done.error())) co_return done;
    }
    co_await sleep_for(main_, look_again);
  }
  co_return done;
}

Task<Result<void>> ClientPart::force_leave(std::string name, bool prune) {
  const Nanos deadline = clock_.boot_now() + server_wait_max;
  Result<void> done = no_server();
  while (clock_.boot_now() < deadline) {
    if (!co_await link_.wait_for_server(deadline - clock_.boot_now())) break;
    done = co_await membership_.force_leave(link_.server(), name, prune);
    if (done || !may_ask_again(done.error())) break;
    co_await sleep_for(main_, look_again);
  }
  co_return done;
}

}  // namespace conclave::cli
