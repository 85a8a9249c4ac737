#pragma once

/// A cluster, its network, its clients and its bad luck, all from one seed.
///
/// A run has three parts: faults for `fault_time`, then all is healed and whoever is down comes
/// back, then a quiet while at whose end the cluster must have converged.

#include <cstdint>
#include <memory>
#include <set>
#include <vector>

#include "tests/sim/server.h"

namespace conclave::raft {

struct RunLength {
  SimTime fault_time = 60 * seconds;
  SimTime quiet_time = 30 * seconds;
};

class World {
 public:
  /// With `trace`, every message that arrives is printed.
  explicit World(std::uint64_t seed, bool trace = false);
  /// Throws Violation.
  void run(const RunLength& length);

  const Coverage& coverage() const { return observer_.coverage; }
  std::uint64_t events() const { return timeline_.happened(); }
  /// Tells any two runs apart: what was delivered when.
  std::uint64_t trace_hash() const { return trace_hash_; }

 private:
  void transmit(std::size_t from, const Message& message);
  void deliver(std::size_t from, std::size_t to, const Message& message);
  SimTime network_delay();

  void schedule_faults();
  void fault();
  void partition();
  void crash_some();
  void heal();

  void client();
  void operate();
  void change_membership(SimServer& leader);
  SimServer* leader();
  SimServer& any();
  bool quorum_holds(const Configuration& configuration, Index index, Term term) const;
  std::string standings() const;
  void check_convergence();

  const bool trace_;
  Rng rng_;
  Timeline timeline_;
  Observer observer_;
  Options options_;
  std::vector<std::unique_ptr<SimServer>> servers_;
  std::set<std::pair<std::size_t, std::size_t>> cuts_;  ///< From, to.
  bool quiet_ = false;
  std::uint64_t loss_per_thousand_;
  std::uint64_t repeat_per_thousand_;
  SimTime delay_max_;
  std::uint64_t proposals_ = 0;
  std::uint64_t trace_hash_ = 0;
};

}  // namespace conclave::raft
