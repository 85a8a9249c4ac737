#include "daemon/http/status.h"

#include <string>
#include <utility>
#include <vector>

#include "api/codec/writer.h"
#include "daemon/http/blocking.h"
#include "daemon/http/route_set.h"

namespace conclave::daemon {
namespace {

/// These work without a leader: that is what they are asked for.
Task<api::Response> leader(ServerContext* context, api::Request request, std::string) {
  const auto scope = check_scope(*context, request);
  if (!scope.has_value()) return answered(api::error_response(scope.error()));
  return answered(api::json_response(api::to_json(context->replica.leader().leader_address)));
}

Task<api::Response> peers(ServerContext* context, api::Request request, std::string) {
  const auto scope = check_scope(*context, request);
  if (!scope.has_value()) co_return api::error_response(scope.error());
  const RaftConfigurationView view = co_await context->cluster.raft_configuration();
  std::vector<std::string> addresses;
  for (const RaftServerView& server : view.servers) addresses.push_back(server.address);
  co_return api::json_response(api::to_json(addresses));
}

}  // namespace

void add_status_routes(api::Router& router, ServerContext& context) {
  using api::Method;
  const RouteSet routes{router, context};
  routes.add(Method::get, "/v1/status/leader", leader);
  routes.add(Method::get, "/v1/status/peers", peers);
}

}  // namespace conclave::daemon
