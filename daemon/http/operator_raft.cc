#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "api/codec/writer.h"
#include "api/rest/respond.h"
#include "daemon/http/blocking.h"
#include "daemon/http/operator.h"

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

Task<api::Response> show_configuration(OperatorContext* context, api::Request request) {
  const auto scope = check_scope(context->server, request);
  if (!scope) co_return api::error_response(scope.error());
  const RaftConfigurationView view = co_await context->server.cluster.raft_configuration();
  std::vector<RaftServer> servers;
  for (const RaftServerView& server : view.servers) {
    servers.push_back({.id = server.id,
                       .node = server.name,
                       .address = server.address,
                       .leader = server.leader,
                       .voter = server.voter,
                       .last_index = server.last_index});
  }
  std::string body;
  api::JsonObject(body).add("Servers", servers).add("Index", view.index).end();
  co_return api::json_response(std::move(body));
}

Task<api::Response> remove_peer(OperatorContext* context, api::Request request) {
  const auto scope = check_scope(context->server, request);
  if (!scope) co_return api::error_response(scope.error());
  const std::string id(request.parameter("id").value_or(""));
  const std::string address(request.parameter("address").value_or(""));
  if (id.empty() && address.empty()) {
    co_return api::text_response(400,
                                 "Must specify either ?id with the server's ID or ?address with "
                                 "IP:port of peer to remove");
  }
  if (!id.empty() && !address.empty()) {
    co_return api::text_response(400, "Must specify only one of ?id or ?address");
  }
  const auto removed = co_await context->server.cluster.remove_peer(id, address);
  if (!removed) co_return api::text_response(500, removed.error().message);
  co_return api::empty_response();
}

Task<api::Response> transfer_leader(OperatorContext* context, api::Request request) {
  const auto scope = check_scope(context->server, request);
  if (!scope) co_return api::error_response(scope.error());
  const std::string id(request.parameter("id").value_or(""));
  const auto transferred = co_await context->server.cluster.transfer_leadership(id);
  if (!transferred) co_return api::text_response(500, transferred.error().message);
  co_return api::json_response(R"({"Success":true})");
}

}  // namespace

void add_operator_raft_routes(api::Router& router, OperatorContext& context) {
  using api::Method;
  const OperatorRoutes routes{router, context};
  api::HandlerFunction here = [at = &context](api::Request request, std::string) {
    return show_configuration(at, std::move(request));
  };
  router.add({.prefix = "/v1/operator/raft/configuration",
              .methods = {Method::get},
              .handler = [here, elsewhere = context.forwarder.at_leader(here)](api::Request request,
                                                                               std::string rest) {
                const bool stale = request.has_parameter("stale");
                return (stale ? here : elsewhere)(std::move(request), std::move(rest));
              }});
  routes.add(Method::del, "/v1/operator/raft/peer", remove_peer);
  routes.add(Method::post, "/v1/operator/raft/transfer-leader", transfer_leader);
}

}  // namespace conclave::daemon
