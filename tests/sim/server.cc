#include "tests/sim/server.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/core/assert.h"
#include "tests/raft_cluster/describe.h"
#include "tests/sim/mutant.h"
#include "tests/sim/replica.h"

namespace conclave::sim {

using raft::Index;
using raft::Term;

namespace {

/// ReplicaOptions::share_commit_delay
constexpr SimTime share_commit_delay = 2 * milliseconds;

}  // namespace

SimServer::SimServer(std::size_t number, Outside& outside, const raft::Options& options,
                     const raft::Configuration& first)
    : number_(number),
      outside_(outside),
      options_(options),
      clock_rate_(outside.rng.between(980, 1020)) {
  disk_.id = raft::NodeId{std::string(1, static_cast<char>('a' + number))};
  disk_.incarnation[0] = 1;
  if (first.servers.empty()) return;
  disk_.log.hard_state.current_term = Term{1};
  disk_.log.entries = {first_entry(first)};
  disk_.log.commit = Index{1};
}

SimServer::SimServer(std::size_t number, const SimServer& original)
    : number_(number),
      outside_(original.outside_),
      options_(original.options_),
      disk_(original.disk_),
      clock_rate_(original.clock_rate_) {
  disk_.crash(outside_.rng);
}

SimServer::~SimServer() = default;

void SimServer::later(SimTime delay, Action what) {
  outside_.timeline.after(delay, [this, life = life_, what = std::move(what)]() mutable {
    run_or_wait(life, std::move(what));
  });
}

void SimServer::handle(Action what) {
  if (runs()) run_or_wait(life_, std::move(what));
}

void SimServer::say(std::string_view what) const {
  if (!outside_.trace) return;
  fmt::print("{:>9} {} ({}) {}", outside_.timeline.now(), id().value, number_, what);
  if (runs()) {
    const raft::Node& n = node();
    fmt::print(": role {} term {} log {}..{} {}", static_cast<int>(n.role()),
               n.current_term().value, n.first_index().value, n.last_index().value,
               describe(n.configuration()));
  }
  fmt::print("\n");
}

void SimServer::run_or_wait(std::uint64_t life, Action what) {
  if (life != life_) return;
  if (paused()) {
    outside_.timeline.at(paused_until_, [this, life, what = std::move(what)]() mutable {
      run_or_wait(life, std::move(what));
    });
    return;
  }
  const raft::Index configured = runs() ? node().configuration_index() : raft::Index{};
  const raft::Role role = runs() ? node().role() : raft::Role::follower;
  what();
  if (host_ == nullptr) return;
  if (node().configuration_index() != configured || node().role() != role) say("is");
  outside_.observer.look_at(number_, node(), disk_, pending_.has_value());
  if (has_lease()) {
    require(outside_.observer.last_led() <= node().current_term(),
            "20: a lease lasts while a successor leads");
  }
}

void SimServer::start() {
  CONCLAVE_ASSERT(!runs());
  if (disk_.damaged && !is(Mutant::truncates_damage)) become_another();
  outside_.observer.restarted(number_);
  raft::InitialState initial = disk_.recover();
  raft::Node node(disk_.id, options_, std::move(initial), Rng(outside_.rng.next()));
  host_ = std::make_unique<raft::Host>(std::move(node), *this, *this, *this, this);
  replica_ = std::make_unique<SimReplica>(*this);
  host_->start();
  say("starts");
  outside_.observer.look_at(number_, this->node(), disk_, pending_.has_value());
  later(outside_.rng.below(options_.tick_ms * milliseconds), [this] { tick(); });
}

/// What was being written is on the disk or not: a batch is torn and cut off, or complete.
void SimServer::crash() {
  if (!runs()) return;
  ++outside_.coverage.crashes;
  outside_.observer.stopped(number_);
  say("crashes");
  if (pending_) {
    if (outside_.rng.chance(1, 2)) {
      disk_.persist(*pending_, outside_.observer);
    } else {
      ++outside_.coverage.torn_writes;
    }
  }
  disk_.crash(outside_.rng);
  ++life_;
  share_scheduled_ = false;
  replica_.reset();
  host_.reset();
  pending_.reset();
  doom_ = nullptr;
  made_.clear();
  paused_until_ = 0;
}

void SimServer::wipe() {
  crash();
  ++outside_.coverage.wipes;
  say("is wiped");
  become_another();
}

void SimServer::become_another() {
  const raft::NodeId id = disk_.id;
  raft::Incarnation incarnation = disk_.incarnation;
  ++incarnation[0];
  disk_ = SimDisk{};
  disk_.id = id;
  disk_.incarnation = incarnation;
}

void SimServer::damage() {
  crash();
  if (!disk_.damage(outside_.rng)) return;
  outside_.observer.damaged({disk_.id, disk_.incarnation});
  ++outside_.coverage.damages;
  say("is damaged");
}

void SimServer::crash_in_next_write(Action then) {
  if (runs()) doom_ = std::move(then);
}

void SimServer::pause(SimTime length) {
  ++outside_.coverage.pauses;
  paused_until_ = outside_.timeline.now() + length;
}

void SimServer::slow_disk(SimTime length) {
  ++outside_.coverage.slow_disks;
  slow_until_ = outside_.timeline.now() + length;
}

Nanos SimServer::boot_now() const {
  return Nanos{static_cast<std::int64_t>(outside_.timeline.now() * clock_rate_ + 1)};
}

Nanos SimServer::wall_now() const {
  return Nanos{static_cast<std::int64_t>(outside_.timeline.now() * 1000)} +
         std::chrono::seconds(1'700'000'000 + wall_offset_s_);
}

bool SimServer::has_lease() const { return replica_->has_lease(); }

void SimServer::tick() {
  replica_->ticks();
  host_->tick();
  replica_->ticked();
  later(options_.tick_ms * milliseconds * 1000 / clock_rate_, [this] { tick(); });
}

void SimServer::receive(raft::Message message) {
  handle([this, message = std::move(message)]() mutable { host_->receive(std::move(message)); });
}

/// Not before the state it copies is the oldest that a crash could leave behind.
void SimServer::checkpoint() {
  if (!answers() || disk_.store.checkpoints()) return;
  if (disk_.store.applied().index <= disk_.store.durable().index) return;
  disk_.store.begin_checkpoint();
  later(outside_.rng.below(50 * milliseconds), [this] {
    if (!disk_.store.checkpoints()) return;  // A snapshot was installed meanwhile.
    disk_.store.end_checkpoint();
    host_->checkpointed(disk_.store.durable().index);
  });
}

void SimServer::apply(std::span<const raft::Entry> entries) { replica_->apply(entries); }

void SimServer::leadership_changed(raft::Role role, Term, const raft::NodeId&) {
  replica_->leadership_changed();
  if (role == raft::Role::leader) outside_.elected(*this);
}

void SimServer::ready_for_proposal() { replica_->ready_for_proposal(); }

void SimServer::commit_unshared() {
  if (std::exchange(share_scheduled_, true)) return;
  later(share_commit_delay, [this] {
    share_scheduled_ = false;
    host_->share_commit();
  });
}

}  // namespace conclave::sim
