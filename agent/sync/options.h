#pragma once

/// Settings of anti-entropy.

#include <cstddef>
#include <functional>

#include "base/core/duration.h"

namespace conclave::agent {

struct SyncOptions {
  Nanos full_interval{
      std::chrono::minutes(1)};  ///< Scaled by the size of the cluster (contract 6.5).
  /// Nodes of the cluster; not set: few.
  std::function<std::size_t()> cluster_size;
};

}  // namespace conclave::agent
