#include "daemon/http/session.h"

#include <string>
#include <utility>

#include "api/codec/writer.h"
#include "base/run/random.h"
#include "daemon/http/asked_node.h"
#include "daemon/http/blocking.h"
#include "daemon/http/route_set.h"
#include "daemon/http/write.h"
#include "daemon/read/session_read.h"

namespace conclave::daemon {

namespace {

ReadResult listed(const SessionListing& listing) {
  return {.index = listing.index, .body = api::to_json(listing.sessions)};
}

Interest all_sessions() { return {.topics = {{TopicKind::sessions, ""}}, .key_prefixes = {}}; }

struct SessionInfo {
  static constexpr ReadStyle style{};
  std::string id;
  Interest interest() const { return all_sessions(); }
  ReadResult operator()(const ReadRows& rows) const { return listed(read_session(rows, id)); }
};

struct SessionList {
  static constexpr ReadStyle style{};
  Interest interest() const { return all_sessions(); }
  ReadResult operator()(const ReadRows& rows) const { return listed(list_sessions(rows)); }
};

struct NodeSessions {
  static constexpr ReadStyle style{};
  std::string node;
  Interest interest() const { return all_sessions(); }
  ReadResult operator()(const ReadRows& rows) const {
    return listed(list_node_sessions(rows, node));
  }
};

Task<api::Response> create(ServerContext* context, api::Request request, std::string) {
  const auto scope = check_scope(*context, request);
  if (!scope.has_value()) co_return api::error_response(scope.error());
  const std::string node = asked_node(request, *context->settings);
  auto session = parse_session_at(request.body, *context->settings, node);
  if (!session.has_value()) co_return api::error_response(session.error());
  session->id = random_uuid();
  auto command = make_command(request, SessionCreate{std::move(*session)});
  if (!command.has_value()) co_return api::error_response(command.error());
  auto outcome = co_await commit(context, std::move(*command));
  if (!outcome.has_value()) co_return api::error_response(outcome.error());
  // Under a request id it may be the session that an earlier attempt made.
  co_return api::json_response("{\"ID\":\"" + outcome->created + "\"}");
}

Task<api::Response> destroy(ServerContext* context, api::Request request, std::string id) {
  const auto scope = check_scope(*context, request);
  if (!scope.has_value()) co_return api::error_response(scope.error());
  if (id.empty()) co_return api::text_response(400, "Missing session");
  auto command = make_command(request, SessionEnd{.id = std::move(id), .expired = false});
  if (!command.has_value()) co_return api::error_response(command.error());
  auto outcome = co_await commit(context, std::move(*command));
  if (!outcome.has_value()) co_return api::error_response(outcome.error());
  // Also for a session that was not there (contract 5.2).
  co_return api::json_response("true");
}

Task<api::Response> renew(ServerContext* context, api::Request request, std::string id) {
  const auto scope = check_scope(*context, request);
  if (!scope.has_value()) co_return api::error_response(scope.error());
  if (id.empty()) co_return api::text_response(400, "Missing session");
  auto renewed = co_await context->renewals.renew(id);
  if (!renewed.has_value()) co_return api::error_response(renewed.error());
  SessionListing listing;
  if (*renewed) {
    // The leader renewed it; this server may have to catch up before it can show it.
    auto turn = co_await wait_for_turn(context, api::ReadOptions{});
    if (!turn.has_value()) co_return api::error_response(turn.error());
    const ReadSnapshot snapshot = context->reader.open();
    listing = read_session(snapshot.rows(), id);
  }
  if (listing.sessions.empty()) {
    co_return api::text_response(404, "Session id '" + id + "' not found");
  }
  co_return api::json_response(api::to_json(listing.sessions));
}

Task<api::Response> info(ServerContext* context, api::Request request, std::string id) {
  if (id.empty()) return refused(ErrorCode::bad_request, "Missing session");
  return serve_read(context, std::move(request), SessionInfo{std::move(id)});
}

Task<api::Response> list(ServerContext* context, api::Request request, std::string) {
  return serve_read(context, std::move(request), SessionList{});
}

Task<api::Response> of_node(ServerContext* context, api::Request request, std::string node) {
  if (node.empty()) return refused(ErrorCode::bad_request, "Missing node name");
  return serve_read(context, std::move(request), NodeSessions{std::move(node)});
}

}  // namespace

void add_session_routes(api::Router& router, ServerContext& context) {
  using api::Method;
  const RouteSet routes{router, context};
  routes.add(Method::put, "/v1/session/create", create);
  routes.add(Method::put, "/v1/session/destroy/", destroy);
  routes.add(Method::put, "/v1/session/renew/", renew);
  routes.add(Method::get, "/v1/session/info/", info);
  routes.add(Method::get, "/v1/session/list", list);
  routes.add(Method::get, "/v1/session/node/", of_node);
}

}  // namespace conclave::daemon
