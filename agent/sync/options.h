#pragma once

/// Settings of anti-entropy.

#include <cstddef>
#include <functional>

#include "base/core/duration.h"
#include "base/run/loop.h"

namespace conclave::agent {

struct SyncOptions {
  Nanos full_interval{
      std::chrono::minutes(1)};  ///< Scaled by the size of the cluster (contract 6.5).
  /// Counts the nodes of the cluster; agent loop. Not set: few.
  std::function<Task<std::size_t>()> cluster_size;
};

}  // namespace conclave::agent
