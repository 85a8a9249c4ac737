#include "cli/run/server_part.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/core/assert.h"
#include "base/run/log.h"
#include "cli/offline/rebuild.h"
#include "cli/run/client_part.h"
#include "cli/run/rejoin.h"
#include "daemon/state/session.h"
#include "daemon/state/state_machine.h"
#include "daemon/tables/members.h"
#include "raft/core/configuration.h"

namespace conclave::cli {
namespace {

raft::WalOptions wal_options(const Identity& identity) {
  raft::WalOptions options;
  options.directory = identity.data_dir + "/raft/wal";
  return options;
}

/// nullopt: there is none, and no state that would need one.
Result<std::optional<raft::Wal::Opened>> open_log(const Identity& identity,
                                                  const daemon::GenerationStore& store, Loop& main,
                                                  Metrics& metrics) {
  const daemon::AppliedPosition applied = store.applied();
  const raft::WalOptions options = wal_options(identity);
  if (raft::Wal::exists(options.directory)) {
    CONCLAVE_TRY_ASSIGN(const auto base, daemon::installed_base(store));
    CONCLAVE_TRY_ASSIGN(auto log,
                        raft::Wal::open(options, raft::Index{applied.index}, main, metrics, base));
    if (log.recovered.was_behind) {
      log_info("raft", "the log begins again after the snapshot that the state is");
    }
    return log;
  }
  if (applied.index > 0) {
    return fail(ErrorCode::corrupt,
                fmt::format("{} has a state but no log ({} is missing): put the log back, or start "
                            "with an empty data directory",
                            identity.data_dir, options.directory));
  }
  return std::nullopt;
}

/// Learners are promoted by autopilot, which knows for how long they have been well. Followers that
/// lag by no more than what is kept here need no snapshot.
raft::Options raft_options(const AgentConfig& config) {
  raft::Options options =
      raft::options_for_multiplier(static_cast<std::uint32_t>(config.raft_multiplier));
  options.automatic_promotion = false;
  options.trailing_entries = 8192;
  options.retained_bytes_max = 16 << 20;
  return options;
}

std::string_view role_text(raft::Role role) {
  switch (role) {
    case raft::Role::leader:
      return "Leader";
    case raft::Role::follower:
      return "Follower";
    case raft::Role::pre_candidate:
    case raft::Role::candidate:
      return "Candidate";
  }
  return "Unknown";
}

}  // namespace

Result<ServerPart::Files> ServerPart::open_files(const AgentConfig& config,
                                                 const Identity& identity, Loop& main,
                                                 Metrics& metrics) {
  Files files;
  CONCLAVE_TRY_ASSIGN(files.store,
                      daemon::Store::open(store_options(config, identity), main, metrics));
  CONCLAVE_TRY_ASSIGN(files.snapshots,
                      daemon::Snapshots::open({.directory = identity.data_dir + "/snapshots"}, main,
                                              metrics, *files.store));
  CONCLAVE_TRY_ASSIGN(files.log, open_log(identity, *files.store, main, metrics));
  return files;
}

Result<std::unique_ptr<ServerPart>> ServerPart::open(
    const AgentConfig& config, const Identity& identity, ClusterPorts ports, Loop& main,
    const Clock& clock, Metrics& metrics, std::function<void(const std::string&)> give_up) {
  if (rebuild_was_interrupted(identity.data_dir)) {
    return fail(ErrorCode::exists,
                fmt::format("a recovery of {} was interrupted: run `conclave operator recover "
                            "-data-dir {}` again",
                            identity.data_dir, identity.data_dir));
  }
  auto files = open_files(config, identity, main, metrics);
  if (!files && files.error().code == ErrorCode::corrupt) {
    CONCLAVE_TRY(begin_anew(identity.data_dir, identity.node_id, files.error()));
    files = open_files(config, identity, main, metrics);
  }
  if (!files) return std::unexpected(files.error());
  if (files->log) CONCLAVE_TRY(end_rejoin(identity.data_dir));
  CONCLAVE_TRY_ASSIGN(files->rejoin, rejoin_addresses(identity.data_dir));
  CONCLAVE_TRY_ASSIGN(files->keyring,
                      api::ClusterKeyring::open(config.encrypt, keyring_path(config)));
  return std::unique_ptr<ServerPart>(new ServerPart(config, identity, std::move(ports), main, clock,
                                                    metrics, std::move(*files),
                                                    std::move(give_up)));
}

ServerPart::ServerPart(const AgentConfig& config, const Identity& identity, ClusterPorts ports,
                       Loop& main, const Clock& clock, Metrics& metrics, Files files,
                       std::function<void(const std::string&)> give_up)
    : config_(config),
      identity_(identity),
      main_(main),
      metrics_(metrics),
      ports_(std::move(ports)),
      store_(std::move(files.store)),
      reader_(store_->make_reader()),
      snapshots_(std::move(files.snapshots)),
      log_was_torn_(files.log && files.log->recovered.torn),
      log_(std::move(files.log)),
      rejoin_(std::move(files.rejoin)),
      log_identity_(log_ ? log_->recovered.identity : raft::LogIdentity{}),
      keyring_(std::move(files.keyring)),
      rpc_client_(
          main, {}, [this] { return rpc_identity(); }, {}, keys(), metrics),
      rpc_server_(
          main, {}, [this] { return rpc_identity(); }, {}, metrics),
      replica_(main, clock, metrics, *store_, replica_options(config)),
      leases_(main, replica_, clock, metrics, [this] { return read_basis(); }),
      membership_(main, clock, rpc_client_, rpc_server_, replica_, raft_, *reader_,
                  membership_options(),
                  {.initialise = [this](const daemon::NewLog& made) { return initialise(made); },
                   .give_up = std::move(give_up)}),
      snapshot_service_(
          main, *snapshots_, *store_, replica_, [this] { return raft_.configuration(); },
          raft::NodeId{identity.node_id}),
      listener_(
          main, listener_limits(config), keys(),
          [this](std::shared_ptr<FramedStream> stream, Hello hello) {
            accept(std::move(stream), std::move(hello));
          },
          metrics) {
  if (keyring_) {
    keyring_changes_.emplace(main, clock, rpc_client_, rpc_server_, replica_, raft_, *reader_,
                             keyring_, identity.node_id);
  }
  replica_.connect(rpc_client_, rpc_server_);
  leases_.connect(rpc_client_, rpc_server_);
  snapshot_service_.transfer().connect(rpc_client_, rpc_server_);
  replica_.set_restorer(snapshot_service_);
  snapshots_->on_installed([this] { replica_.state_replaced(); });
  snapshots_->set_configuration_at(
      [this](raft::Index index) { return consensus_->host().node().configuration_at(index); });
  replica_.on_configuration([this](const raft::Configuration&) {
    if (consensus_) consensus_->follow_configuration();
  });
}

Result<void> ServerPart::start() {
  replica_.begin();
  leases_.start();
  if (log_) enter(std::move(*std::exchange(log_, std::nullopt)));
  for (Descriptor& socket : ports_.sockets) listener_.serve(socket.release());
  if (keyring_changes_) keyring_changes_->start();
  return membership_.start();
}

void ServerPart::stop() {
  membership_.stop();
  if (keyring_changes_) keyring_changes_->stop();
  leases_.stop();
  replica_.stop();
  listener_.stop();
  rpc_client_.stop();
  rpc_server_.stop();
  if (consensus_) consensus_->stop();
}

void ServerPart::close() { store_->close(); }

/// This server's first log: from now on it belongs to that cluster.
Result<void> ServerPart::initialise(const daemon::NewLog& made) {
  CONCLAVE_ASSERT_WHY(!consensus_, "a server belongs to one cluster");
  const raft::LogIdentity identity{made.cluster_id, made.incarnation,
                                   static_cast<std::uint32_t>(made.recovery_epoch)};
  std::vector<raft::Entry> first;
  if (made.first) first.push_back(raft::first_entry(*made.first));
  CONCLAVE_TRY_ASSIGN(auto log,
                      raft::Wal::create(wal_options(identity_), identity, first, main_, metrics_));
  log_identity_ = identity;
  CONCLAVE_TRY(end_rejoin(identity_.data_dir));
  enter(std::move(log));
  return {};
}

void ServerPart::enter(raft::Wal::Opened log) {
  Consensus::Setting setting;
  setting.self = raft::NodeId{identity_.node_id};
  setting.address = join_host_port(identity_.address, config_.ports.server);
  setting.options = raft_options(config_);
  setting.applied = store_->applied();
  setting.partial_snapshot = snapshots_->partial();
  setting.keyring = keys();
  consensus_ = std::make_unique<Consensus>(std::move(setting), std::move(log), main_, metrics_,
                                           replica_, *snapshots_);
  raft_.attach(&consensus_->host());
  replica_.start(consensus_->host());
}

void ServerPart::accept(std::shared_ptr<FramedStream> stream, Hello hello) {
  if (hello.purpose == Purpose::rpc) return rpc_server_.accept(std::move(stream), hello);
  if (consensus_) return consensus_->links().accept(std::move(stream), hello);
  main_.spawn("refusal", refuse(std::move(stream),
                                {RefusalCode::not_ready, "this server belongs to no cluster yet"}));
}

api::RpcIdentity ServerPart::rpc_identity() const {
  api::RpcIdentity self;
  self.node_id = identity_.node_id;
  self.name = config_.node_name;
  self.datacenter = config_.datacenter;
  self.cluster_id = log_identity_.cluster_id;
  self.recovery_epoch = log_identity_.recovery_epoch;
  self.is_server = true;
  return self;
}

daemon::MembershipOptions ServerPart::membership_options() const {
  daemon::MembershipOptions options;
  daemon::NodeCard& card = options.card;
  card = node_card(config_, identity_);
  card.expect = static_cast<std::uint64_t>(config_.bootstrap_expect);
  card.bootstrap = config_.bootstrap;
  if (log_) {
    card.incarnation = daemon::id_bytes(log_identity_.incarnation);
    card.cluster_id = daemon::id_bytes(log_identity_.cluster_id);
    card.recovery_epoch = log_identity_.recovery_epoch;
  }
  options.promise_path = identity_.data_dir + "/raft/bootstrap";
  options.left_path = identity_.data_dir + "/raft/left";
  options.start_join = config_.start_join;
  options.retry_join = config_.retry_join;
  options.retry_interval = config_.retry_interval;
  options.retry_max = config_.retry_max;
  options.rejoin_after_leave = config_.rejoin_after_leave;
  if (rejoin_) {
    card.expect = 0;
    card.bootstrap = false;
    options.retry_join.insert(options.retry_join.end(), rejoin_->begin(), rejoin_->end());
  }
  options.autopilot = config_.autopilot;
  options.upkeep.reap_after = config_.reconnect_timeout;
  options.leases.ttl = config_.node_lease_ttl;
  return options;
}

daemon::LeaseBasis ServerPart::read_basis() {
  const daemon::ReadSnapshot snapshot = reader_->open();
  return {daemon::stored_revision(snapshot.rows()), daemon::live_sessions(snapshot.rows())};
}

std::vector<api::Member> ServerPart::read_members() {
  std::vector<api::Member> members;
  const daemon::ReadSnapshot snapshot = reader_->open();
  daemon::visit_members(snapshot.rows(), [&](const api::Member& member) {
    members.push_back(member);
    return true;
  });
  return members;
}

agent::ServerStats ServerPart::stats() {
  const daemon::LeaderInfo leader = replica_.leader();
  agent::ServerStats stats;
  stats.leader = leader.is_leader;
  stats.leader_address = leader.leader_address;
  if (!consensus_) {
    stats.raft = {{"state", "Follower"}, {"num_peers", "0"}, {"protocol_version", "3"}};
    return stats;
  }
  const raft::Node& node = consensus_->host().node();
  const auto number = [](std::uint64_t value) { return std::to_string(value); };
  stats.raft = {
      {"state", std::string(role_text(node.role()))},
      {"term", number(node.current_term().value)},
      {"last_log_index", number(node.last_index().value)},
      {"commit_index", number(node.commit_index().value)},
      {"applied_index", number(store_->applied().index)},
      {"fsm_pending", number(node.commit_index().value - store_->applied().index)},
      {"num_peers", number(std::max<std::size_t>(node.configuration().servers.size(), 1) - 1)},
      {"latest_configuration_index", number(node.configuration_index().value)},
      {"protocol_version", "3"},
  };
  return stats;
}

}  // namespace conclave::cli
