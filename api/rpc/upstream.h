#pragma once

/// "Answer this request at a server": an agent implements it over its connection, a server that is
/// also an agent in process (cli/run).

#include "api/http/message.h"
#include "base/run/loop.h"

namespace conclave::api {

class Upstream {
 public:
  virtual ~Upstream() = default;
  /// Called on the agent's loop, resumes there. The response is never parked. Failures are
  /// responses (500 `No known Consul servers`, ...).
  virtual Task<Response> call(Request request) = 0;
};

}  // namespace conclave::api
