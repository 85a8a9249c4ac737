#pragma once

/// /v1/snapshot (contract 12): the whole state as an archive, and back. Bounded memory at any size:
/// archives are made and taken apart as they are sent and received.

#include "api/rest/router.h"
#include "daemon/http/context.h"

namespace conclave::daemon {

/// Nothing if the context has no snapshots.
void add_snapshot_routes(api::Router& router, ServerContext& context);

}  // namespace conclave::daemon
