#pragma once

/// A cluster, its network, its clients, its operator and its bad luck, all from one seed.
///
/// A run has two parts: faults for `fault_time`; then all is healed and whoever is down comes back,
/// and within `quiet_time` the cluster must have converged (invariant 25).

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/sim/client.h"
#include "tests/sim/gate.h"
#include "tests/sim/server.h"

namespace conclave::sim {

struct RunLength {
  SimTime fault_time = 60 * seconds;
  SimTime quiet_time = 60 * seconds;
};

constexpr std::size_t copies_max = 4;
/// In each run: of clients, and by the world.
constexpr std::uint64_t operations_min = 300;
constexpr std::uint64_t faults_min = 5;

class World {
 public:
  /// With `trace`, every message that arrives is printed.
  explicit World(std::uint64_t seed, bool trace = false);
  ~World();
  /// Throws Violation.
  void run(const RunLength& length = {});

  const Coverage& coverage() const { return coverage_; }
  const Observer& observer() const { return observer_; }
  const Truth& truth() const { return truth_; }
  std::uint64_t truncations() const;
  std::uint64_t events() const { return timeline_.happened(); }
  SimTime now() const { return timeline_.now(); }
  /// Tells any two runs apart: what was delivered when, and what became of it.
  std::uint64_t trace_hash() const { return trace_hash_; }

 private:
  void deliver(const Process& from, std::size_t to, raft::Message message);
  void elected(SimServer& server);
  SimServer* leader();
  SimServer& any() { return *servers_[rng_.below(servers_.size())]; }
  bool quorum_holds(const raft::Configuration& configuration, raft::Index index,
                    raft::Term term) const;
  void checkpoints();
  /// True when the configuration has a quorum of members that have their disks, without that one.
  bool has_enough(const raft::Configuration& configuration, const SimServer* without) const;

  // faults.cc
  void schedule_faults();
  void fault();
  void partition();
  void crash_some();
  void start_later(SimServer& server, SimTime longest);
  void bounce_behind_a_leader();
  void lose_a_disk();
  void copy_a_disk();
  bool may_lose_a_disk(const SimServer& server);
  void heal();

  // operator.cc
  void operate();
  void change_membership(SimServer& leader);
  void change(SimServer& leader, std::span<const raft::MembershipChange> changes);
  void change_several(SimServer& leader);

  // convergence.cc
  void converge(SimTime limit);
  void close();
  std::string unsettled();
  void write_last();
  void compare_with_model() const;
  std::string standings() const;

  const bool trace_;
  Rng rng_;
  Timeline timeline_;
  Observer observer_;
  Truth truth_;
  Coverage coverage_;
  Network network_;
  Outside outside_;
  raft::Options options_;
  std::vector<std::unique_ptr<SimServer>> servers_;
  std::vector<std::unique_ptr<SimServer>> copies_;  ///< Second servers under a first one's id.
  Gate gate_;
  Public public_;
  std::vector<std::unique_ptr<Client>> clients_;
  StreamClient* stream_ = nullptr;
  bool quiet_ = false;
  bool wrote_last_ = false;
  std::uint64_t trace_hash_ = 0;
};

}  // namespace conclave::sim
