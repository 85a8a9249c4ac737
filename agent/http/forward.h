#pragma once

/// What an agent without a copy of the state does not answer itself: it asks a server. The agent's
/// own rules (blocked endpoints, indentation, headers) hold for these requests too.

#include <cstdint>

#include "agent/link/link.h"
#include "agent/link/shared_queries.h"
#include "agent/link/views.h"
#include "api/rest/router.h"
#include "base/core/duration.h"

namespace conclave::agent {

struct ForwardContext {
  Link& link;
  SharedQueries& queries;
  Views& views;
  std::uint64_t kv_value_bytes_max = 512 * 1024;
  std::uint64_t txn_bytes_max = 512 * 1024;
  /// Reads of catalog and health that name no mode may be so old; zero: they are the leader's.
  Nanos discovery_max_stale{};
};

/// `context` outlives the router, whose loop is the link's.
void add_forward_routes(api::Router& router, ForwardContext& context);

}  // namespace conclave::agent
