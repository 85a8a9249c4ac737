#include "tests/sim/world.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/core/assert.h"
#include "tests/raft_cluster/describe.h"

namespace conclave::raft {
namespace {

constexpr std::size_t spares = 1;

/// Small limits, so that everything that has one meets it.
Options sim_options() {
  Options options;
  options.append_bytes_max = 64;
  options.inflight_messages_max = 4;
  options.inflight_bytes_max = 128;
  options.uncommitted_bytes_max = 2048;
  options.apply_bytes_max = 64;
  options.snapshot_chunk_bytes = 64;
  options.trailing_entries = 5;
  options.retained_bytes_max = 1024;
  options.promote_lag_entries_max = 10;
  return options;
}

}  // namespace

World::World(std::uint64_t seed, bool trace)
    : trace_(trace),
      rng_(seed),
      observer_(5 + spares),
      options_(sim_options()),
      loss_per_thousand_(rng_.chance(1, 2) ? rng_.below(100) : 0),
      repeat_per_thousand_(rng_.chance(1, 2) ? rng_.below(100) : 0),
      delay_max_(rng_.chance(1, 3) ? 200 * milliseconds : 10 * milliseconds) {
  const std::size_t members = rng_.chance(1, 2) ? 3 : 5;
  Configuration first;
  for (std::size_t i = 0; i < members; ++i) {
    const std::string name(1, static_cast<char>('a' + i));
    first.servers.push_back({NodeId{name}, {1}, name + ":8300", Suffrage::voter});
  }
  const SimServer::Outside outside{
      timeline_, observer_, rng_,
      [this](std::size_t from, const Message& message) { transmit(from, message); }};
  for (std::size_t i = 0; i < members + spares; ++i) {
    servers_.push_back(
        std::make_unique<SimServer>(i, outside, options_, i < members ? first : Configuration{}));
    servers_.back()->quorum_holds = [this](const Configuration& configuration, Index index,
                                           Term term) {
      return quorum_holds(configuration, index, term);
    };
  }
}

void World::run(const RunLength& length) {
  for (const auto& server : servers_) server->start();
  timeline_.after(100 * milliseconds, [this] { client(); });
  timeline_.after(seconds, [this] { operate(); });
  timeline_.after(2 * seconds, [this] { schedule_faults(); });
  timeline_.run_until(length.fault_time);
  quiet_ = true;
  heal();
  timeline_.run_until(length.fault_time + length.quiet_time);
  check_convergence();
}

SimTime World::network_delay() {
  if (!quiet_ && rng_.chance(1, 20)) return rng_.below(delay_max_ * 5);
  return rng_.between(50, quiet_ ? 5 * milliseconds : delay_max_);
}

void World::transmit(std::size_t from, const Message& message) {
  const std::size_t to = static_cast<std::size_t>(message.to.value[0] - 'a');
  CONCLAVE_ASSERT(to < servers_.size());
  if (cuts_.contains({from, to}) || (!quiet_ && rng_.chance(loss_per_thousand_, 1000))) return;
  const int copies = !quiet_ && rng_.chance(repeat_per_thousand_, 1000) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    timeline_.after(network_delay(), [this, from, to, message] { deliver(from, to, message); });
  }
}

void World::deliver(std::size_t from, std::size_t to, const Message& message) {
  if (cuts_.contains({from, to})) return;
  if (trace_) fmt::print("{:>9} {}\n", timeline_.now(), describe(message));
  trace_hash_ = mix(mix(mix(trace_hash_, timeline_.now()), from * 16 + to), message.body.index());
  servers_[to]->receive(message);
}

SimServer& World::any() { return *servers_[rng_.below(servers_.size())]; }

/// Whoever leads in the highest term, as far as one can know.
SimServer* World::leader() {
  SimServer* found = nullptr;
  for (const auto& server : servers_) {
    if (!server->runs() || server->node().role() != Role::leader) continue;
    if (found == nullptr || server->node().current_term() > found->node().current_term()) {
      found = server.get();
    }
  }
  return found;
}

void World::client() {
  SimServer& server = any();
  switch (rng_.below(4)) {
    case 0:
      server.read();
      break;
    case 1:
      for (const auto& one : servers_) one->lease_read();
      break;
    default:
      for (const auto& one : servers_) one->propose(fmt::format("request {}", ++proposals_));
  }
  if (rng_.chance(1, 20)) server.checkpoint();
  timeline_.after(rng_.below(100 * milliseconds), [this] { client(); });
}

/// The operator and autopilot: servers that are not members are added, members whose disk was wiped
/// removed first; sometimes one is removed, or leadership handed over, for no reason.
void World::operate() {
  timeline_.after(rng_.below(3 * seconds), [this] { operate(); });
  SimServer* leads = leader();
  if (leads == nullptr) return;
  if (!quiet_ && rng_.chance(1, 8)) {
    if (leads->host().transfer_leadership({})) ++observer_.coverage.transfers;
    return;
  }
  change_membership(*leads);
}

void World::change_membership(SimServer& leads) {
  const Configuration& configuration = leads.node().configuration();
  using Kind = MembershipChange::Kind;
  const auto change = [&](Kind kind, const SimServer& server) {
    const MembershipChange one{
        kind, {server.id(), server.incarnation(), server.id().value + ":8300", Suffrage::learner}};
    static_cast<void>(leads.host().change_membership(std::span(&one, 1)));
  };
  for (const auto& server : servers_) {
    const Server* member = find_server(configuration, server->id());
    if (member == nullptr) return change(Kind::add_learner, *server);
    if (member->incarnation != server->incarnation()) return change(Kind::remove, *server);
  }
  if (!quiet_ && rng_.chance(1, 4))
    return change(rng_.chance(1, 2) ? Kind::remove : Kind::demote, any());
}

/// What a disk held before it was wiped is not known here: it may have acknowledged the entry.
bool World::quorum_holds(const Configuration& configuration, Index index, Term term) const {
  return has_quorum(configuration, [&](const NodeId& id) {
    const SimServer& server = *servers_[static_cast<std::size_t>(id.value[0] - 'a')];
    const bool wiped = find_member(configuration, id, server.incarnation()) == nullptr;
    return wiped || server.holds(index, term);
  });
}

std::string World::standings() const {
  std::string out;
  for (const auto& server : servers_) {
    if (!server->runs()) continue;
    const Node& node = server->node();
    out +=
        fmt::format("{}: role {} term {} log {}..{} commit {} applied {} installing {} leader {}\n",
                    server->id().value, static_cast<int>(node.role()), node.current_term().value,
                    node.first_index().value, node.last_index().value, node.commit_index().value,
                    node.applied_index().value, node.is_installing(), node.leader().value);
    for (const PeerStanding& peer : node.peers()) {
      out += fmt::format("   {} match {} heard {} ticks ago\n", peer.id.value,
                         peer.match_index.value, peer.ticks_since_heard);
    }
  }
  return out;
}

/// 25.
void World::check_convergence() {
  SimServer* leads = leader();
  if (leads == nullptr) throw Violation("25: nobody leads");
  if (leads->node().uncommitted_bytes() != 0 &&
      leads->node().commit_index() == leads->node().last_index()) {
    throw Violation("25: bytes are counted as uncommitted");
  }
  const auto lag = [&](const SimServer& server) {
    return leads->state().index.value - std::min(server.state().index, leads->state().index).value;
  };
  for (const auto& server : servers_) {
    const Configuration& configuration = leads->node().configuration();
    if (!is_voter(configuration, server->id(), server->incarnation())) {
      throw Violation(fmt::format("25: {} has no vote yet", server->id().value));
    }
    if (lag(*server) > 20) {
      throw Violation(fmt::format("25: {} lags\n{}", server->id().value, standings()));
    }
  }
  if (observer_.max_commit() < leads->node().last_index() &&
      leads->node().last_index().value - observer_.max_commit().value > 20)
    throw Violation("25: nothing is committed");
}

}  // namespace conclave::raft
