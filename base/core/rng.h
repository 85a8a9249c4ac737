#pragma once

#include <cstdint>

namespace conclave {

/// A small deterministic generator (xoshiro256**, seeded through SplitMix64). The same seed gives
/// the same numbers on every machine and standard library, which the simulator depends on.
/// Not for secrets.
class Rng {
 public:
  explicit Rng(std::uint64_t seed);

  std::uint64_t next();
  /// Uniform in [0, bound); bound > 0.
  std::uint64_t below(std::uint64_t bound);
  /// Uniform in [low, high]; low <= high.
  std::uint64_t between(std::uint64_t low, std::uint64_t high);
  /// True with probability numerator / denominator.
  bool chance(std::uint64_t numerator, std::uint64_t denominator);

 private:
  std::uint64_t state_[4];
};

}  // namespace conclave
