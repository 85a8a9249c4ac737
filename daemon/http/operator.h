#pragma once

/// /v1/operator (contract 12). About raft, autopilot and the keyring the leader answers; other
/// servers forward to it, `raft/configuration?stale` apart. Usage is answered by each.

#include "api/rest/router.h"
#include "daemon/http/context.h"
#include "daemon/http/leader_forwarder.h"
#include "daemon/members/keyring_operations.h"

namespace conclave::daemon {

/// One per loop; outlives the router.
struct OperatorContext {
  ServerContext& server;
  LeaderForwarder& forwarder;
  KeyringOperations* keyring = nullptr;  ///< None: nodes talk in the clear.
};

/// operator_raft.cc, operator_autopilot.cc, operator_keyring.cc
void add_operator_raft_routes(api::Router& router, OperatorContext& context);
void add_operator_autopilot_routes(api::Router& router, OperatorContext& context);
void add_operator_keyring_routes(api::Router& router, OperatorContext& context);
/// operator_usage.cc
void add_operator_usage_routes(api::Router& router, ServerContext& context);

/// Registers handlers that take an OperatorContext first; `at_leader`: forwarded by other servers.
struct OperatorRoutes {
  using Handler = Task<api::Response> (*)(OperatorContext* context, api::Request request);
  api::Router& router;
  OperatorContext& context;

  void add(api::Method method, std::string path, Handler handler, bool at_leader = true) const {
    api::HandlerFunction here = [handler, at = &context](api::Request request, std::string) {
      return handler(at, std::move(request));
    };
    router.add(
        {.prefix = std::move(path),
         .methods = {method},
         .handler = at_leader ? context.forwarder.at_leader(std::move(here)) : std::move(here)});
  }
};

}  // namespace conclave::daemon
