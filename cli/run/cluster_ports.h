#pragma once

/// The ports that nodes speak to each other on (design section 1): RPC, and the serf_lan port,
/// which is what people put into join lists and answers the same.

#include <cstdint>
#include <string>
#include <vector>

#include "base/core/result.h"
#include "base/run/file.h"
#include "cli/config/agent_config.h"

namespace conclave::cli {

struct ClusterPorts {
  std::vector<Descriptor> sockets;  ///< Bound and listening.

  /// Errors name the address, the setting and what to do. A port below 1 is not opened.
  static Result<ClusterPorts> open(const AgentConfig& config);
};

}  // namespace conclave::cli
