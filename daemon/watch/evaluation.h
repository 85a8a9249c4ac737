#pragma once

/// What one evaluation of a query against one snapshot found.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/http/message.h"
#include "daemon/store/rows.h"
#include "daemon/watch/list_output.h"

namespace conclave::daemon {

struct Evaluation {
  std::uint64_t index = 0;         ///< X-Consul-Index, never 0.
  bool index_is_identity = false;  ///< It has no order: due when it is another one.
  bool found =
      true;  ///< False: a "not found" that keeps on waiting while it stays so (contract 2.2).
  bool failed = false;  ///< An error that everybody who waits is told; without index headers.
  int status = 200;
  std::string content_type = "application/json";
  ListBody body;
  std::vector<api::Header> headers;  ///< Besides the index headers.
};

/// Evaluates against rows, and writes the body to the output; called again on each wake-up, on any
/// thread. Must depend on its captures and the rows only, and may see rows that end too early: then
/// nobody looks at what it made of them (metered_rows.h).
using Evaluate = std::function<Evaluation(const ReadRows& rows, ListOutput& output)>;

}  // namespace conclave::daemon
