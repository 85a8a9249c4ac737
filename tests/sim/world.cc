#include "tests/sim/world.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/core/assert.h"
#include "tests/raft_cluster/describe.h"

namespace conclave::sim {
namespace {

constexpr std::size_t spares = 2;
constexpr std::size_t servers_max = 5 + spares + copies_max;
/// Thirty times what a run takes.
constexpr std::uint64_t events_max = 1'000'000;

/// Small limits, so that everything that has one meets it.
raft::Options sim_options(Rng& rng) {
  raft::Options options;
  options.tick_ms = rng.chance(1, 4) ? 50 : 100;
  options.append_bytes_max = 600;
  options.inflight_messages_max = 4;
  options.inflight_bytes_max = 1500;
  options.uncommitted_bytes_max = 8 << 10;
  options.apply_bytes_max = 800;
  options.snapshot_chunk_bytes = 8 << 10;
  options.trailing_entries = rng.below(10);
  options.retained_bytes_max = 8 << 10;
  options.transfer_bytes_max = 16 << 10;
  options.promote_lag_entries_max = 10;
  return options;
}

}  // namespace

World::World(std::uint64_t seed, bool trace)
    : trace_(trace),
      rng_(seed),
      observer_(servers_max),
      truth_(timeline_),
      network_(timeline_, rng_),
      outside_{timeline_, rng_, network_, observer_, truth_, coverage_, trace, {}, {}, {}},
      options_(sim_options(rng_)),
      public_{timeline_, rng_, truth_, observer_, coverage_, servers_} {
  network_.deliver = [this](const Process& from, std::size_t to, raft::Message message) {
    deliver(from, to, std::move(message));
  };
  outside_.server = [this](std::size_t number) -> SimServer& {
    const std::size_t first = servers_.size();
    return number < first ? *servers_[number] : *copies_.at(number - first);
  };
  outside_.elected = [this](SimServer& server) { elected(server); };
  outside_.quorum_holds = [this](const raft::Configuration& configuration, raft::Index index,
                                 raft::Term term) {
    return quorum_holds(configuration, index, term);
  };
  const std::size_t members = rng_.chance(1, 2) ? 3 : 5;
  raft::Configuration first;
  for (std::size_t i = 0; i < members; ++i) {
    const std::string name(1, static_cast<char>('a' + i));
    first.servers.push_back({raft::NodeId{name}, {1}, name + ":8300", raft::Suffrage::voter});
  }
  for (std::size_t i = 0; i < members + spares; ++i) {
    servers_.push_back(std::make_unique<SimServer>(i, outside_, options_,
                                                   i < members ? first : raft::Configuration{}));
  }
  for (int i = 0; i < 8; ++i) {
    clients_.push_back(std::make_unique<KvClient>(public_, fmt::format("kv{}", i)));
  }
  for (int i = 0; i < 3; ++i) {
    clients_.push_back(std::make_unique<LockClient>(public_, fmt::format("lock{}", i)));
  }
  for (int i = 0; i < 2; ++i) {
    clients_.push_back(std::make_unique<WatchClient>(public_, fmt::format("watch{}", i)));
  }
  auto stream = std::make_unique<StreamClient>(public_, "stream");
  stream_ = stream.get();
  clients_.push_back(std::move(stream));
}

World::~World() = default;

void World::run(const RunLength& length) {
  for (const auto& server : servers_) server->start();
  timeline_.after(100 * milliseconds, [this] {
    for (const auto& client : clients_) client->act();
  });
  timeline_.after(seconds, [this] { operate(); });
  timeline_.after(seconds, [this] { checkpoints(); });
  timeline_.after(2 * seconds, [this] { schedule_faults(); });
  timeline_.run_until(length.fault_time);
  heal();
  timeline_.after(5 * seconds, [this] { close(); });
  converge(length.fault_time + length.quiet_time);
  trace_hash_ = mix(trace_hash_, servers_.front()->disk().store.hash());
}

void World::deliver(const Process& from, std::size_t to, raft::Message message) {
  if (trace_) fmt::print("{:>9} {}\n", timeline_.now(), describe(message));
  trace_hash_ =
      mix(mix(mix(trace_hash_, timeline_.now()), from.number * 16 + to), message.body.index());
  require(timeline_.happened() < events_max, "25: messages breed messages");
  SimServer& receiver = *servers_[to];
  if (!receiver.runs()) return;
  if (gate_.lets_in(from, receiver)) return receiver.receive(std::move(message));
  ++coverage_.copies_refused;
  SimServer& sender = outside_.server(from.number);
  if (from.number >= servers_.size() || from.boots != sender.disk().boots) return;
  // Somebody heard the copy first. Started again often enough, it is the later one.
  require(!copies_.empty(), "17: a server is kept out that is what it says");
  sender.crash();
  start_later(sender, seconds);
}

/// Whoever leads in the highest term, as far as one can know.
SimServer* World::leader() {
  SimServer* found = nullptr;
  for (const auto& server : servers_) {
    if (!server->runs() || server->node().role() != raft::Role::leader) continue;
    if (found == nullptr || server->node().current_term() > found->node().current_term()) {
      found = server.get();
    }
  }
  return found;
}

/// Some are in a hurry: they read, or change the members, before the new leader has committed
/// anything.
void World::elected(SimServer& server) {
  server.later(0, [this, &server] {
    const raft::Index before = observer_.max_commit();
    server.host().request_read([before](Result<raft::Index> index) {
      require(!index || *index >= before, "19: a read index before what was committed");
    });
    if (!quiet_ && rng_.chance(1, 4)) change_several(server);
  });
}

void World::checkpoints() {
  for (const auto& server : servers_) {
    if (rng_.chance(1, 2)) server->checkpoint();
  }
  timeline_.after(rng_.below(2 * seconds), [this] { checkpoints(); });
}

/// What a disk held before it was wiped is not known here: it may have acknowledged the entry.
bool World::quorum_holds(const raft::Configuration& configuration, raft::Index index,
                         raft::Term term) const {
  return has_quorum(configuration, [&](const raft::NodeId& id) {
    const SimServer& server = *servers_[Network::number_of(id)];
    const bool lost =
        server.disk().damaged || find_member(configuration, id, server.incarnation()) == nullptr;
    return lost || server.disk().holds(index, term);
  });
}

bool World::has_enough(const raft::Configuration& configuration, const SimServer* without) const {
  return has_quorum(configuration, [&](const raft::NodeId& id) {
    const SimServer& server = *servers_[Network::number_of(id)];
    return &server != without && !server.disk().damaged &&
           find_member(configuration, id, server.incarnation()) != nullptr;
  });
}

std::uint64_t World::truncations() const {
  std::uint64_t sum = 0;
  for (const auto& server : servers_) sum += server->disk().truncations;
  return sum;
}

}  // namespace conclave::sim
