#pragma once

/// One simulated server: the real Host and Node over a disk, links and a clock that lie as real
/// ones do. What was not synced is lost by a crash; a disk may take long; the clock drifts; the
/// process may stand still for a while.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/core/rng.h"
#include "raft/host/host.h"
#include "tests/sim/observer.h"
#include "tests/sim/state.h"
#include "tests/sim/timeline.h"

namespace conclave::raft {

class SimServer final : public LogPort,
                        public StateMachinePort,
                        public PeersPort,
                        public SnapshotPort {
 public:
  /// What a server needs of the world.
  struct Outside {
    Timeline& timeline;
    Observer& observer;
    Rng& rng;
    std::function<void(std::size_t from, const Message&)> transmit;
  };

  /// With the first configuration: a member from the beginning. Without servers: one that knows
  /// nothing yet.
  SimServer(std::size_t number, Outside outside, const Options& options,
            const Configuration& first);

  void start();
  void crash();
  /// Crashes, and comes back with an empty disk and another incarnation.
  void wipe();
  /// Crashes while the next write is under way, then calls `then`.
  void crash_in_next_write(std::function<void()> then);
  void pause(SimTime length);
  bool runs() const { return host_ != nullptr; }
  Host& host() { return *host_; }
  const Node& node() const { return host_->node(); }
  std::size_t number() const { return number_; }
  const NodeId& id() const { return id_; }
  const Incarnation& incarnation() const { return incarnation_; }
  const SimState& state() const { return state_; }

  void receive(const Message& message);
  void propose(const std::string& payload);
  void read();
  /// Reads without asking anybody, if the lease allows it by this server's clock.
  void lease_read();
  /// Begins a checkpoint of what is applied.
  void checkpoint();
  /// True when the entry, or a state that includes it, would survive a crash now.
  bool holds(Index index, Term term) const;
  /// Lets the others' disks be asked: whether a quorum holds what is acknowledged.
  std::function<bool(const Configuration&, Index, Term)> quorum_holds;

  // LogPort
  void write(const HardState* hard_state, std::span<const Entry> entries, Index commit,
             std::function<void()> durable) override;
  void reset(const LogBase& base, const HardState* hard_state, std::span<const Entry> entries,
             Index commit, std::function<void()> durable) override;
  void release(Index through) override;
  // StateMachinePort
  void apply(std::span<const Entry> entries) override;
  void leadership_changed(Role role, Term term, const NodeId& leader) override;
  void ready_for_proposal() override {}
  // PeersPort
  void send(std::vector<Message> messages) override;
  // SnapshotPort
  void make(std::function<void(Result<SnapshotMeta>)> made) override;
  void read(const std::string& id, std::uint64_t offset, std::uint64_t bytes_max,
            std::function<void(Result<std::string>)> done) override;
  void release(const std::string& id) override;
  void store(const SnapshotChunk& chunk, std::function<void(Result<void>)> stored) override;
  void install(const SnapshotMeta& snapshot, std::function<void()> installed) override;

 private:
  struct Disk {
    HardState hard_state;
    Index base_index;  ///< Entries up to there were released.
    Term base_term;
    std::vector<Entry> entries;
    Index commit;
    SimState checkpoint;
    std::optional<PartialSnapshot> partial;
    std::string received;
  };
  struct Write {
    std::optional<HardState> hard_state;
    std::optional<LogBase> base;
    std::vector<Entry> entries;
    Index commit;
  };

  /// Runs it unless the server has crashed meanwhile; later if the process stands still.
  void later(SimTime delay, std::function<void()> what);
  void run_or_wait(std::uint64_t life, const std::function<void()>& what);
  void tick();
  void start_write(Write write, std::function<void()> durable);
  void persist(const Write& write);
  void append(const Entry& entry);
  Term last_term_on_disk() const;
  InitialState recover();
  void check_promise(const Message& message) const;
  SimTime local_time() const;
  SimTime disk_delay();

  const std::size_t number_;
  const NodeId id_;
  Outside outside_;
  const Options options_;
  Incarnation incarnation_{};
  Disk disk_;
  std::uint64_t clock_rate_;  ///< Of this server's clock, per thousand.

  // Lost by a crash.
  std::uint64_t life_ = 0;
  std::unique_ptr<Host> host_;
  SimState state_;
  std::optional<Write> pending_;
  std::function<void()> doom_;       ///< After the crash in the next write; null = none is meant.
  std::vector<SimTime> tick_times_;  ///< Of the local clock, by number.
  SimTime paused_until_ = 0;
  std::map<std::string, std::string> made_;
  std::map<Index, Term> proposed_;  ///< Not acknowledged yet.
};

}  // namespace conclave::raft
