#include "daemon/http/event.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "api/codec/writer.h"
#include "api/model/event.h"
#include "base/run/random.h"
#include "daemon/http/asked_node.h"
#include "daemon/http/blocking.h"
#include "daemon/http/route_set.h"
#include "daemon/http/write.h"
#include "daemon/read/event_read.h"

namespace conclave::daemon {

namespace {

/// Consul's limit for one event with everything that belongs to it.
constexpr std::size_t event_bytes_max = 512;

struct EventList {
  /// The index says which event is the newest, not how new it is.
  static constexpr ReadStyle style{.index_is_identity = true};
  std::string node;  ///< Whose events: those that are for this node.
  std::string name;  ///< Only events of this name, "" = all.

  Interest interest() const { return {.topics = {{TopicKind::events, ""}}, .key_prefixes = {}}; }

  ReadResult operator()(const ReadRows& rows) const {
    const EventListing listing = list_events(rows, node, name);
    return {.index = listing.index, .body = api::to_json(listing.events)};
  }
};

Result<void> check_event(const api::UserEvent& event) {
  if (!event.tag_filter.empty() && event.service_filter.empty()) {
    return fail(ErrorCode::failed, "Cannot provide tag filter without service filter");
  }
  CONCLAVE_TRY(check_event_filter("node", event.node_filter));
  CONCLAVE_TRY(check_event_filter("service", event.service_filter));
  CONCLAVE_TRY(check_event_filter("tag", event.tag_filter));
  const std::size_t size = event.id.size() + event.name.size() + event.payload.data.size() +
                           event.node_filter.size() + event.service_filter.size() +
                           event.tag_filter.size();
  if (size > event_bytes_max) {
    return fail(ErrorCode::failed,
                fmt::format("user event exceeds configured limit of {} bytes before encoding",
                            event_bytes_max));
  }
  return {};
}

Task<api::Response> fire(ServerContext* context, api::Request request, std::string name) {
  const auto scope = check_scope(*context, request);
  if (!scope.has_value()) co_return api::error_response(scope.error());
  if (name.empty()) co_return api::text_response(400, "Missing name");
  const auto text = [&](std::string_view parameter) {
    return std::string(request.parameter(parameter).value_or(""));
  };
  api::UserEvent event{.id = random_uuid(),
                       .name = std::move(name),
                       .payload = {std::move(request.body)},
                       .node_filter = text("node"),
                       .service_filter = text("service"),
                       .tag_filter = text("tag")};
  const auto good = check_event(event);
  if (!good.has_value()) co_return api::error_response(good.error());
  auto command = make_command(request, FireEvent{event});
  if (!command.has_value()) co_return api::error_response(command.error());
  auto outcome = co_await commit(context, std::move(*command));
  if (!outcome.has_value()) co_return api::error_response(outcome.error());
  // Under a request id it may be the event that an earlier attempt fired.
  event.id = std::move(outcome->created);
  co_return api::json_response(api::to_json(event));
}

Task<api::Response> list(ServerContext* context, api::Request request, std::string) {
  std::string name(request.parameter("name").value_or(""));
  std::string node = asked_node(request, *context->settings);
  request.query.push_back({.name = "asked-node", .value = node});  // Tells queries apart.
  return serve_read(context, std::move(request), EventList{std::move(node), std::move(name)});
}

}  // namespace

void add_event_routes(api::Router& router, ServerContext& context) {
  using api::Method;
  const RouteSet routes{router, context};
  routes.add(Method::put, "/v1/event/fire/", fire);
  routes.add(Method::get, "/v1/event/list", list);
}

}  // namespace conclave::daemon
