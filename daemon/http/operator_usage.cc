#include <map>
#include <string>
#include <utility>

#include "api/codec/writer.h"
#include "daemon/http/blocking.h"
#include "daemon/http/operator.h"
#include "daemon/http/query_meta.h"
#include "daemon/http/route_set.h"
#include "daemon/read/usage_read.h"

namespace conclave::daemon {
namespace {

/// Answered by every server, like other reads, and without waiting. `?global` asks for all
/// datacenters: there is this one.
Task<api::Response> show_usage(ServerContext* context, api::Request request, std::string) {
  auto options = read_options(*context, request);
  if (!options.has_value()) co_return api::error_response(options.error());
  const auto turn = co_await wait_for_turn(context, std::move(*options));
  if (!turn.has_value()) co_return api::error_response(turn.error());
  UsageRead read;
  {
    const ReadSnapshot snapshot = context->reader.open();
    read = read_usage(snapshot.rows());
  }
  ReadResult result{.index = read.index};
  api::JsonObject object(result.body);
  object.add("Usage",
             std::map<std::string, Usage>{{context->settings->datacenter, std::move(read.usage)}});
  add_query_meta(object, read.index, *turn);
  object.end();
  co_return make_response(std::move(result), *turn, {});
}

}  // namespace

void add_operator_usage_routes(api::Router& router, ServerContext& context) {
  RouteSet{router, context}.add(api::Method::get, "/v1/operator/usage", show_usage);
}

}  // namespace conclave::daemon
