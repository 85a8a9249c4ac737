#include "daemon/http/routes.h"

#include "daemon/http/acl_disabled.h"
#include "daemon/http/ca_root.h"
#include "daemon/http/catalog.h"
#include "daemon/http/coordinate.h"
#include "daemon/http/event.h"
#include "daemon/http/health.h"
#include "daemon/http/kv.h"
#include "daemon/http/prepared_query.h"
#include "daemon/http/session.h"
#include "daemon/http/snapshot.h"
#include "daemon/http/status.h"
#include "daemon/http/txn.h"

namespace conclave::daemon {

void add_server_routes(api::Router& router, ServerContext& context, OperatorContext& operators) {
  add_kv_routes(router, context);
  add_txn_routes(router, context);
  add_session_routes(router, context);
  add_catalog_routes(router, context);
  add_health_routes(router, context);
  add_event_routes(router, context);
  add_prepared_query_routes(router, context);
  add_coordinate_routes(router, context);
  add_ca_root_routes(router, context);
  add_acl_disabled_routes(router, context);
  add_status_routes(router, context);
  add_snapshot_routes(router, context);
  add_operator_raft_routes(router, operators);
  add_operator_autopilot_routes(router, operators);
  add_operator_usage_routes(router, context);
  add_operator_keyring_routes(router, operators);
}

}  // namespace conclave::daemon
