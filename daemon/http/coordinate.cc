#include "daemon/http/coordinate.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/codec/reader.h"
#include "api/codec/writer.h"
#include "base/core/text.h"
#include "base/run/log.h"
#include "base/run/sleep.h"
#include "daemon/http/blocking.h"
#include "daemon/http/instance_parameters.h"
#include "daemon/http/route_set.h"
#include "daemon/http/write.h"
#include "daemon/read/coordinate_read.h"

namespace conclave::daemon {

namespace {

Interest all_coordinates() { return wait_for_tables({TopicKind::coordinates}); }

struct ListCoordinates {
  static constexpr ReadStyle style{};
  std::optional<std::string> segment;  ///< Only those of this one.
  Interest interest() const { return all_coordinates(); }
  ReadResult operator()(const ReadRows& rows) const {
    CoordinateListing listing = list_coordinates(rows);
    if (segment && !segment->empty()) listing.coordinates.clear();  // There is only "".
    return {.index = listing.index, .body = api::to_json(listing.coordinates)};
  }
};

struct GetCoordinate {
  static constexpr ReadStyle style{};
  std::string node;
  Interest interest() const { return all_coordinates(); }
  ReadResult operator()(const ReadRows& rows) const {
    const CoordinateListing listing = read_coordinate(rows, node);
    if (listing.coordinates.empty()) {
      return {.index = listing.index, .found = false, .status = 404, .content_type = ""};
    }
    return {.index = listing.index, .body = api::to_json(listing.coordinates)};
  }
};

/// What came since the last command, by lower-case node; of one loop.
struct Gathered {
  std::map<std::string, api::NodeCoordinate> updates;
  bool is_scheduled = false;
};

Task<void> write_later(ServerContext* context, std::shared_ptr<Gathered> gathered) {
  co_await sleep_for(context->loop, context->settings->coordinate_update_period);
  gathered->is_scheduled = false;
  UpdateCoordinates command;
  for (auto& [node, update] : gathered->updates) command.updates.push_back(std::move(update));
  gathered->updates.clear();
  const std::size_t count = command.updates.size();
  const auto outcome = co_await commit(context, {.body = std::move(command), .request_id = {}});
  if (!outcome.has_value()) {
    log_warn("coordinate", "{} updates are lost: {}", count, outcome.error().message);
  }
}

struct UpdateBody {
  std::string datacenter;
  std::string node;
  std::string segment;
  api::Coordinate coord;

  static constexpr auto fields() {
    using api::field;
    using B = UpdateBody;
    return std::tuple{field(0, "Datacenter", &B::datacenter), field(0, "Node", &B::node),
                      field(0, "Segment", &B::segment), field(0, "Coord", &B::coord)};
  }
};

Result<api::NodeCoordinate> parse_update(const ServerContext& context,
                                         const api::Request& request) {
  CONCLAVE_TRY(check_scope(context, request));
  CONCLAVE_TRY_ASSIGN(
      UpdateBody body,
      api::decode_body<UpdateBody>(request.body, {.strict = context.settings->strict_json}));
  if (!body.datacenter.empty() && body.datacenter != context.settings->datacenter) {
    return fail(ErrorCode::failed, "No path to datacenter");
  }
  if (body.node.empty()) return fail(ErrorCode::failed, "Must provide node");
  if (!body.segment.empty()) {
    return fail(ErrorCode::failed, "Network segments are a Consul Enterprise feature");
  }
  if (body.coord.vec.size() != api::coordinate_dimensions) {
    return fail(ErrorCode::failed, "incompatible coordinate");
  }
  if (!is_comparable(body.coord)) return fail(ErrorCode::failed, "invalid coordinate");
  return api::NodeCoordinate{.node = std::move(body.node), .coord = std::move(body.coord)};
}

/// disable_coordinates (contract 12).
api::Response disabled() { return api::text_response(401, "Coordinate support disabled"); }

api::Response update(ServerContext& context, const api::Request& request,
                     const std::shared_ptr<Gathered>& gathered) {
  if (!context.settings->coordinates) return disabled();
  auto parsed = parse_update(context, request);
  if (!parsed.has_value()) return api::error_response(parsed.error());
  const std::string node = to_lower_ascii(parsed->node);
  if (gathered->updates.size() >= coordinate_updates_max && !gathered->updates.contains(node)) {
    return api::error_response({ErrorCode::too_many, "too many coordinate updates at once"});
  }
  gathered->updates[node] = std::move(*parsed);
  if (!std::exchange(gathered->is_scheduled, true)) {
    context.loop.spawn("coordinate updates", write_later(&context, gathered));
  }
  return api::empty_response();
}

Task<api::Response> list(ServerContext* context, api::Request request, std::string) {
  if (!context->settings->coordinates) return answered(disabled());
  std::optional<std::string> segment;
  if (const auto given = request.parameter("segment")) segment = *given;
  return serve_read(context, std::move(request), ListCoordinates{std::move(segment)});
}

Task<api::Response> get(ServerContext* context, api::Request request, std::string node) {
  if (!context->settings->coordinates) return answered(disabled());
  if (node.empty()) return refused(ErrorCode::bad_request, "Missing node name");
  return serve_read(context, std::move(request), GetCoordinate{std::move(node)});
}

/// The servers of this datacenter. Nobody measures the ways between datacenters here.
Task<api::Response> datacenters(ServerContext* context, api::Request, std::string) {
  if (!context->settings->coordinates) co_return disabled();
  const RaftConfigurationView view = co_await context->cluster.raft_configuration();
  const std::string& datacenter = context->settings->datacenter;
  std::vector<api::NodeCoordinate> servers;
  for (const RaftServerView& server : view.servers) {
    servers.push_back(
        {.node = server.name + "." + datacenter, .coord = api::unmeasured_coordinate()});
  }
  std::string body = "[";
  api::JsonObject(body)
      .add("Datacenter", datacenter)
      .add("AreaID", std::string_view("WAN"))
      .add("Coordinates", servers)
      .end();
  co_return api::json_response(body + "]");
}

}  // namespace

void add_coordinate_routes(api::Router& router, ServerContext& context) {
  using api::Method;
  const RouteSet routes{router, context};
  routes.add(Method::get, "/v1/coordinate/datacenters", datacenters);
  routes.add(Method::get, "/v1/coordinate/nodes", list);
  routes.add(Method::get, "/v1/coordinate/node/", get);
  router.add({.prefix = "/v1/coordinate/update",
              .methods = {Method::put},
              .handler = [at = &context, gathered = std::make_shared<Gathered>()](
                             api::Request request, std::string) {
                return answered(update(*at, request, gathered));
              }});
}

}  // namespace conclave::daemon
