#pragma once

/// How often each thing happened that a run should exercise.

#include <cstdint>

namespace conclave::sim {

struct Coverage {
  std::uint64_t operations = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t unknown = 0;
  std::uint64_t refused = 0;
  std::uint64_t reads = 0;
  std::uint64_t lease_reads = 0;
  std::uint64_t index_reads = 0;
  std::uint64_t stale_reads = 0;
  std::uint64_t watches = 0;
  std::uint64_t stream_reads = 0;
  std::uint64_t renewals = 0;
  std::uint64_t locks = 0;
  std::uint64_t faults = 0;
  std::uint64_t installs = 0;
  std::uint64_t log_reads = 0;
  std::uint64_t transfers = 0;
  std::uint64_t crashes = 0;
  std::uint64_t torn_writes = 0;
  std::uint64_t wipes = 0;
  std::uint64_t damages = 0;
  std::uint64_t copies = 0;
  std::uint64_t copies_refused = 0;
  std::uint64_t pauses = 0;
  std::uint64_t partitions = 0;
  std::uint64_t slow_disks = 0;
  std::uint64_t clock_jumps = 0;
};

}  // namespace conclave::sim
