#pragma once

/// One simulated server: the real Host and Node over a disk, links and a clock that lie as real
/// ones do, and the real state machine behind them. What was not synced is lost by a crash; a disk
/// may take long; the clock drifts; the process may stand still for a while.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/core/duration.h"
#include "base/core/rng.h"
#include "raft/host/host.h"
#include "tests/sim/coverage.h"
#include "tests/sim/disk.h"
#include "tests/sim/network.h"
#include "tests/sim/observer.h"
#include "tests/sim/timeline.h"
#include "tests/sim/truth.h"

namespace conclave::sim {

class SimReplica;
class SimServer;

/// What a server needs of the world.
struct Outside {
  Timeline& timeline;
  Rng& rng;
  Network& network;
  Observer& observer;
  Truth& truth;
  Coverage& coverage;
  const bool trace;
  std::function<SimServer&(std::size_t)> server;
  /// Somebody was just elected.
  std::function<void(SimServer&)> elected;
  /// Do a quorum's disks hold what is acknowledged?
  std::function<bool(const raft::Configuration&, raft::Index, raft::Term)> quorum_holds;
};

class SimServer final : public raft::LogPort,
                        public raft::StateMachinePort,
                        public raft::PeersPort,
                        public raft::SnapshotPort {
 public:
  /// With the first configuration: a member from the beginning. Without servers: one that knows
  /// nothing yet.
  SimServer(std::size_t number, Outside& outside, const raft::Options& options,
            const raft::Configuration& first);
  /// A second server on a copy of another's data directory.
  SimServer(std::size_t number, const SimServer& original);
  ~SimServer() override;

  /// With a damaged log: as one whose disk was wiped.
  void start();
  void crash();
  /// Crashes; it comes back with an empty disk and another incarnation.
  void wipe();
  /// Crashes; a record in the middle of its log is damaged, if there is one.
  void damage();
  /// Crashes while the next write is under way, then calls `then`.
  void crash_in_next_write(Action then);
  void pause(SimTime length);
  void slow_disk(SimTime length);
  void jump_wall_clock(std::int64_t seconds_forth) { wall_offset_s_ += seconds_forth; }

  bool runs() const { return host_ != nullptr; }
  bool paused() const { return paused_until_ > outside_.timeline.now(); }
  /// Runs, and is able to do something now.
  bool answers() const { return runs() && !paused(); }
  /// Rises with each crash.
  std::uint64_t life() const { return life_; }
  raft::Host& host() { return *host_; }
  const raft::Node& node() const { return host_->node(); }
  SimReplica& replica() { return *replica_; }
  std::size_t number() const { return number_; }
  const raft::NodeId& id() const { return disk_.id; }
  const raft::Incarnation& incarnation() const { return disk_.incarnation; }
  SimDisk& disk() { return disk_; }
  const SimDisk& disk() const { return disk_; }
  const raft::Options& options() const { return options_; }
  Outside& outside() const { return outside_; }

  /// Boot clock and wall clock of this server.
  Nanos boot_now() const;
  Nanos wall_now() const;
  /// True while a lease lasts, by this server's clock.
  bool has_lease() const;
  /// Runs it unless the server has crashed meanwhile; later if the process stands still.
  void later(SimTime delay, Action what);
  /// A message from outside, dealt with as soon as the process runs; nothing if it does not.
  void handle(Action what);
  void receive(raft::Message message);
  /// Begins a checkpoint of what is applied.
  void checkpoint();

  // LogPort
  void write(const raft::HardState* hard_state, std::span<const raft::Entry> entries,
             raft::Index commit, std::function<void()> durable) override;
  void reset(const raft::LogBase& base, const raft::HardState* hard_state,
             std::span<const raft::Entry> entries, raft::Index commit,
             std::function<void()> durable) override;
  void release(raft::Index through) override;
  void read(const raft::EntryRange& range, std::uint64_t bytes_max,
            std::function<void(Result<std::vector<raft::Entry>>)> done) override;
  // StateMachinePort
  void apply(std::span<const raft::Entry> entries) override;
  void leadership_changed(raft::Role role, raft::Term term, const raft::NodeId& leader) override;
  void ready_for_proposal() override;
  void commit_unshared() override;
  // PeersPort
  void send(std::vector<raft::Message> messages) override;
  // SnapshotPort
  void make(std::function<void(Result<raft::SnapshotMeta>)> made) override;
  void read(const std::string& id, std::uint64_t offset, std::uint64_t bytes_max,
            std::function<void(Result<std::string>)> done) override;
  void release(const std::string& id) override;
  void store(const raft::SnapshotChunk& chunk, std::function<void(Result<void>)> stored) override;
  void install(const raft::SnapshotMeta& snapshot, std::function<void()> installed) override;

 private:
  void run_or_wait(std::uint64_t life, Action what);
  /// When runs are traced.
  void say(std::string_view what) const;
  void tick();
  void start_write(SimDisk::Write write, std::function<void()> durable);
  void become_another();
  SimTime disk_delay();

  const std::size_t number_;
  Outside& outside_;
  const raft::Options options_;
  SimDisk disk_;
  std::uint64_t clock_rate_;  ///< Of this server's clock, per thousand.
  std::int64_t wall_offset_s_ = 0;
  SimTime slow_until_ = 0;

  // Lost by a crash.
  std::uint64_t life_ = 0;
  std::unique_ptr<raft::Host> host_;
  std::unique_ptr<SimReplica> replica_;
  bool share_scheduled_ = false;
  std::optional<SimDisk::Write> pending_;
  Action doom_;  ///< After the crash in the next write; null = none is meant.
  SimTime paused_until_ = 0;
  std::map<std::string, std::string> made_;
};

}  // namespace conclave::sim
