#pragma once

/// The simulator's state machine: a hash over everything that was applied, which tells any two
/// histories apart, and the configuration that a snapshot of it needs.

#include <cstdint>
#include <string>

#include "base/core/result.h"
#include "raft/core/configuration.h"
#include "raft/core/types.h"

namespace conclave::raft {

struct SimState {
  Index index;
  Term term;
  std::uint64_t hash = 0;
  Configuration configuration;

  /// The next entry, and no other.
  void apply(const Entry& entry);
  /// With some bytes of no meaning, so that it takes several chunks.
  std::string to_bytes() const;
  static Result<SimState> from_bytes(const std::string& bytes);
};

std::uint64_t mix(std::uint64_t hash, std::uint64_t value);
std::uint64_t digest(const Entry& entry);

}  // namespace conclave::raft
