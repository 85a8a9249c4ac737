#pragma once

/// What the agent's local state is told by configuration.

#include <cstdint>
#include <string>

#include "agent/rules/output.h"
#include "agent/rules/validate.h"
#include "api/model/catalog.h"
#include "base/core/duration.h"

namespace conclave::agent {

struct LocalOptions {
  /// Services and checks registered over HTTP are kept below <data_dir>/agent; "" = they are not
  /// (dev mode).
  std::string data_dir;
  /// This node as the catalog is to show it; indexes unused.
  api::Node node;
  ScriptPolicy scripts;
  Nanos check_update_interval{
      std::chrono::minutes(5)};  ///< 0 = every change of output is told at once.
  std::uint64_t output_bytes_max = output_bytes_default;  ///< check_output_max_size
  bool discard_check_output = false;
  bool check_redirects_same_host = false;  ///< HTTP checks are not led to other hosts.
};

}  // namespace conclave::agent
