#include "cli/run/server_part.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/core/assert.h"
#include "base/core/version.h"
#include "base/run/random.h"
#include "cli/offline/rebuild.h"
#include "daemon/state/session.h"
#include "daemon/state/state_machine.h"
#include "daemon/tables/members.h"
#include "raft/core/configuration.h"
#include "raft/core/options.h"

namespace conclave::cli {
namespace {

std::array<std::uint8_t, 16> random_id() {
  std::array<std::uint8_t, 16> id{};
  std::ranges::copy(random_bytes(id.size()), id.begin());
  return id;
}

/// A new cluster whose only member is this server.
Result<raft::Wal::Opened> bootstrap(const raft::WalOptions& options, const AgentConfig& config,
                                    const Identity& identity, Loop& main, Metrics& metrics) {
  const raft::LogIdentity log{random_id(), random_id()};
  raft::Server self;
  self.id = {identity.node_id};
  self.incarnation = log.incarnation;
  self.address = join_host_port(identity.address, config.ports.server);
  raft::Configuration configuration;
  configuration.servers.push_back(std::move(self));
  const raft::Entry first = raft::first_entry(configuration);
  return raft::Wal::create(options, log, std::span(&first, 1), main, metrics);
}

Result<raft::Wal::Opened> open_log(const AgentConfig& config, const Identity& identity,
                                   const daemon::GenerationStore& store, Loop& main,
                                   Metrics& metrics) {
  const daemon::AppliedPosition applied = store.applied();
  raft::WalOptions options;
  options.directory = identity.data_dir + "/raft/wal";
  if (raft::Wal::exists(options.directory)) {
    CONCLAVE_TRY_ASSIGN(const auto installed, daemon::installed_base(store));
    return raft::Wal::open(options, raft::Index{applied.index}, main, metrics, installed);
  }
  if (applied.index > 0) {
    return fail(ErrorCode::corrupt,
                fmt::format("{} has a state but no log ({} is missing): put the log back, or start "
                            "with an empty data directory",
                            identity.data_dir, options.directory));
  }
  if (!config.bootstrap) {
    return fail(ErrorCode::bad_request,
                fmt::format("{} is empty and joining a cluster comes later: add -bootstrap to make "
                            "a new cluster of this one server",
                            identity.data_dir));
  }
  return bootstrap(options, config, identity, main, metrics);
}

raft::InitialState initial_state(raft::RecoveredLog log, daemon::AppliedPosition applied,
                                 const daemon::Snapshots& snapshots) {
  raft::InitialState state;
  state.hard_state = std::move(log.hard_state);
  state.configuration = std::move(log.configuration);
  state.base_index = log.base_index;
  state.base_term = log.base_term;
  state.entries = std::move(log.entries);
  state.commit_index = log.commit_index;
  state.applied_index = raft::Index{applied.index};
  state.partial_snapshot = snapshots.partial();
  return state;
}

/// The timers of the design, scaled; a server for trying out has nobody to wait for.
raft::Options raft_options(const AgentConfig& config) {
  return raft::options_for_multiplier(static_cast<std::uint32_t>(config.raft_multiplier));
}

daemon::MembersOptions members_options(const AgentConfig& config, const Identity& identity) {
  daemon::MembersOptions options;
  options.node = local_options(config, identity).node;
  options.serf_port = config.ports.serf_lan;
  options.server_port = config.ports.server;
  options.build = std::string(compatible_version) + ":";
  options.bootstrap = config.bootstrap;
  return options;
}

}  // namespace

Result<std::unique_ptr<ServerPart>> ServerPart::open(const AgentConfig& config,
                                                     const Identity& identity, Loop& main,
                                                     const Clock& clock, Metrics& metrics) {
  if (rebuild_was_interrupted(identity.data_dir)) {
    return fail(ErrorCode::exists,
                fmt::format("a recovery of {} was interrupted: run `conclave operator recover "
                            "-data-dir {}` again",
                            identity.data_dir, identity.data_dir));
  }
  CONCLAVE_TRY_ASSIGN(auto store,
                      daemon::Store::open(store_options(config, identity), main, metrics));
  const daemon::SnapshotOptions snapshot_options{.directory = identity.data_dir + "/snapshots"};
  CONCLAVE_TRY_ASSIGN(auto snapshots,
                      daemon::Snapshots::open(snapshot_options, main, metrics, *store));
  CONCLAVE_TRY_ASSIGN(auto log, open_log(config, identity, *store, main, metrics));
  return std::unique_ptr<ServerPart>(new ServerPart(config, identity, main, clock, metrics,
                                                    std::move(store), std::move(snapshots),
                                                    std::move(log)));
}

ServerPart::ServerPart(const AgentConfig& config, const Identity& identity, Loop& main,
                       const Clock& clock, Metrics& metrics,
                       std::unique_ptr<daemon::GenerationStore> store,
                       std::unique_ptr<daemon::Snapshots> snapshots, raft::Wal::Opened log)
    : store_(std::move(store)),
      snapshots_(std::move(snapshots)),
      reader_(store_->make_reader()),
      log_was_torn_(log.recovered.torn),
      replica_(main, clock, metrics, *store_, replica_options(config)),
      wal_(std::move(log.wal)),
      host_(
          raft::Node(raft::NodeId{identity.node_id}, raft_options(config),
                     initial_state(std::move(log.recovered), store_->applied(), *snapshots_),
                     Rng(random_u64())),
          *wal_, replica_, peers_, snapshots_.get()),
      leases_(main, replica_, clock, metrics, [this] { return read_basis(); }),
      members_(main, replica_, members_options(config, identity)),
      view_(main, host_, {{identity.node_id, config.node_name}}),
      snapshot_service_(
          main, *snapshots_, *store_, replica_, [this] { return host_.node().configuration(); },
          raft::NodeId{identity.node_id}) {
  replica_.set_restorer(snapshot_service_);
  snapshots_->set_configuration_at(
      [this](raft::Index index) { return host_.node().configuration_at(index); });
  snapshots_->on_installed([this] { replica_.state_replaced(); });
}

void ServerPart::start() {
  leases_.start();
  replica_.start(host_);
}

void ServerPart::stop() {
  members_.stop();
  leases_.stop();
  replica_.stop();
}

void ServerPart::close() { store_->close(); }

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

void ServerPart::NoPeers::send(std::vector<raft::Message> messages) {
  CONCLAVE_ASSERT_WHY(messages.empty(), "a server that is alone has nobody to write to");
}

}  // namespace conclave::cli
