#include "cli/run/consensus.h"

#include <utility>
#include <vector>

#include "base/run/random.h"

namespace conclave::cli {
namespace {

raft::InitialState initial_state(raft::RecoveredLog log, const Consensus::Setting& setting) {
  raft::InitialState state;
  state.hard_state = std::move(log.hard_state);
  state.configuration = std::move(log.configuration);
  state.base_index = log.base_index;
  state.base_term = log.base_term;
  state.entries = std::move(log.entries);
  state.commit_index = log.commit_index;
  state.applied_index = raft::Index{setting.applied.index};
  state.incarnation = log.identity.incarnation;
  state.partial_snapshot = setting.partial_snapshot;
  return state;
}

raft::PeerIdentity identity_of(const raft::RecoveredLog& log, const Consensus::Setting& setting) {
  raft::PeerIdentity identity;
  identity.cluster_id = log.identity.cluster_id;
  identity.recovery_epoch = log.identity.recovery_epoch;
  identity.node_id = setting.self;
  identity.incarnation = log.identity.incarnation;
  identity.boot_counter = log.boot_counter;
  identity.run_id = random_u64();
  identity.address = setting.address;
  return identity;
}

}  // namespace

Consensus::Consensus(Setting setting, raft::Wal::Opened log, Loop& main, Metrics& metrics,
                     raft::StateMachinePort& machine, raft::SnapshotPort& snapshots)
    : wal_(std::move(log.wal)),
      links_(
          main, identity_of(log.recovered, setting), raft::link_options_for(setting.options),
          setting.keyring, [this](raft::Message message) { host_.receive(std::move(message)); },
          metrics),
      host_(raft::Node(setting.self, setting.options,
                       initial_state(std::move(log.recovered), setting), Rng(random_u64())),
            *wal_, machine, links_, &snapshots) {
  follow_configuration();
}

void Consensus::follow_configuration() {
  std::vector<raft::PeerAddress> peers;
  const raft::Configuration& configuration = host_.node().configuration();
  for (const auto* servers : {&configuration.servers, &configuration.outgoing}) {
    for (const raft::Server& server : *servers) peers.push_back({server.id, server.address});
  }
  links_.set_peers(peers);
}

}  // namespace conclave::cli
