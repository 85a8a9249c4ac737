#include "daemon/http/status.h"

#include <string>
#include <utility>
#include <vector>

#include "api/codec/writer.h"
#include "daemon/http/blocking.h"
#include "daemon/http/route_set.h"

namespace conclave::daemon {

namespace {

/// One server of the Raft configuration, as Consul shows it.
struct RaftServer {
  std::string id;
  std::string node;
  std::string address;
  bool leader = false;
  std::string protocol_version = "3";
  bool voter = true;
  std::uint64_t last_index = 0;

  static constexpr auto fields() {
    using api::field;
    using S = RaftServer;
    return std::tuple{field(0, "ID", &S::id),
                      field(0, "Node", &S::node),
                      field(0, "Address", &S::address),
                      field(0, "Leader", &S::leader),
                      field(0, "ProtocolVersion", &S::protocol_version),
                      field(0, "Voter", &S::voter),
                      field(0, "LastIndex", &S::last_index)};
  }
};

/// These work without a leader: that is what they are asked for.
Task<api::Response> leader(ServerContext* context, api::Request request, std::string) {
  const auto scope = check_scope(*context, request);
  if (!scope.has_value()) return answered(api::error_response(scope.error()));
  return answered(api::json_response(api::to_json(context->replica.leader().leader_address)));
}

Task<api::Response> peers(ServerContext* context, api::Request request, std::string) {
  const auto scope = check_scope(*context, request);
  if (!scope.has_value()) co_return api::error_response(scope.error());
  const auto servers = co_await context->cluster.peers();
  std::vector<std::string> addresses;
  for (const auto& server : servers) addresses.push_back(server.address);
  co_return api::json_response(api::to_json(addresses));
}

Task<api::Response> raft_configuration(ServerContext* context, api::Request request, std::string) {
  const auto scope = check_scope(*context, request);
  if (!scope.has_value()) co_return api::error_response(scope.error());
  const auto peers_now = co_await context->cluster.peers();
  const std::uint64_t index = co_await context->cluster.configuration_index();
  std::vector<RaftServer> servers;
  for (const auto& peer : peers_now) {
    servers.push_back({.id = peer.id,
                       .node = peer.name,
                       .address = peer.address,
                       .leader = peer.leader,
                       .voter = peer.voter,
                       .last_index = peer.last_index});
  }
  std::string body;
  api::JsonObject(body).add("Servers", servers).add("Index", index).end();
  co_return api::json_response(std::move(body));
}

}  // namespace

void add_status_routes(api::Router& router, ServerContext& context) {
  using api::Method;
  const RouteSet routes{router, context};
  routes.add(Method::get, "/v1/status/leader", leader);
  routes.add(Method::get, "/v1/status/peers", peers);
}

void add_raft_configuration_route(api::Router& router, ServerContext& context) {
  using api::Method;
  const RouteSet routes{router, context};
  routes.add(Method::get, "/v1/operator/raft/configuration", raft_configuration);
}

}  // namespace conclave::daemon
