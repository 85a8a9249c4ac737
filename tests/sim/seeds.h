#pragma once

/// Running seeds: one after the other or in several processes, and what they exercised together.

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "tests/sim/world.h"

namespace conclave::sim {

/// A setting from the environment.
std::uint64_t setting(const char* name, std::uint64_t otherwise);

/// What happened in the runs: in how many of them at least once, and how often in all.
struct Totals {
  std::uint64_t runs = 0;
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> counts;

  void add(const World& world);
  void add(const std::string& name, std::uint64_t count);
  void add(const Totals& other);
  void print(double real_seconds) const;
  std::uint64_t percent_of_runs(const std::string& name) const;
};

/// Empty when the seed holds; otherwise what it violated. An assertion of the core ends the process
/// and says the seed.
std::string run_seed(std::uint64_t seed, Totals& totals);

struct SeedRange {
  std::uint64_t first = 1;
  std::uint64_t count = 0;  ///< 0 = as many as there is time for.
  std::uint64_t real_seconds = 0;
  std::uint64_t jobs = 1;  ///< Processes.
};
/// Until one fails, in each process; false if any did, which was printed.
bool run_seeds(const SeedRange& range, Totals& totals);

}  // namespace conclave::sim
