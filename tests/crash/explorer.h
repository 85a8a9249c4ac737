#pragma once

/// The crash explorer: records a run of log and store, cuts the power at many of its points, each
/// time keeping or losing every block that was not synced at random, and starts from what is left
/// by the production way in.

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tests/crash/recorder.h"

namespace conclave::crash {

struct ExplorerOptions {
  std::uint64_t seed = 1;
  std::uint64_t images = 2000;
  std::uint64_t batches = 220;  ///< Of the recorded run.
  bool split_apply = false;     ///< See Machine.
  bool quiet = false;           ///< Children write nothing: they are expected to die.
};

struct Exploration {
  std::uint64_t operations = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t restarts = 0;
  std::uint64_t images = 0;  ///< Tried, up to and with the first bad one.
  std::string failure;       ///< "" = none.
};

Exploration explore(const ExplorerOptions& options);

/// Where a process records; left behind only if it ends while it does.
std::string recording_directory(pid_t process);

}  // namespace conclave::crash
