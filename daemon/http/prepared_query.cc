#include "daemon/http/prepared_query.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "api/codec/writer.h"
#include "base/run/random.h"
#include "daemon/http/asked_node.h"
#include "daemon/http/blocking.h"
#include "daemon/http/instance_parameters.h"
#include "daemon/http/query_meta.h"
#include "daemon/http/route_set.h"
#include "daemon/http/write.h"
#include "daemon/read/prepared_query_read.h"
#include "daemon/tables/topic_index.h"

namespace conclave::daemon {

namespace {

constexpr ReadStyle query_style{.effective_consistency = true};

ReadResult not_found(std::uint64_t index) {
  return {.index = index,
          .found = false,
          .status = 404,
          .body = "Query not found",
          .content_type = "text/plain; charset=utf-8"};
}

/// A template that cannot be filled in.
ReadResult failed(const Error& error) {
  return {.status = api::http_status(error.code),
          .body = error.message,
          .content_type = "text/plain; charset=utf-8"};
}

struct ListQueries {
  static constexpr ReadStyle style = query_style;
  Interest interest() const { return wait_for_tables({TopicKind::queries}); }
  ReadResult operator()(const ReadRows& rows) const {
    const QueryListing found = list_queries(rows);
    return {.index = found.index, .body = api::to_json(found.queries)};
  }
};

struct GetQuery {
  static constexpr ReadStyle style = query_style;
  std::string id;
  Interest interest() const { return wait_for_tables({TopicKind::queries}); }
  ReadResult operator()(const ReadRows& rows) const {
    const QueryListing found = read_query(rows, id);
    if (found.queries.empty()) return not_found(found.index);
    return {.index = found.index, .body = api::to_json(found.queries)};
  }
};

Task<Result<Outcome>> write(ServerContext* context, const api::Request* request, WriteQuery body) {
  auto command = make_command(*request, std::move(body));
  if (!command.has_value()) co_return std::unexpected(std::move(command).error());
  co_return co_await commit(context, std::move(*command));
}

Task<api::Response> create(ServerContext* context, api::Request request, std::string) {
  const auto scope = check_scope(*context, request);
  if (!scope.has_value()) co_return api::error_response(scope.error());
  auto query = parse_prepared_query(request.body, *context->settings);
  if (!query.has_value()) co_return api::error_response(query.error());
  if (!query->id.empty()) {
    co_return api::text_response(500, "ID must be empty when creating a new prepared query");
  }
  query->id = random_uuid();
  const auto outcome =
      co_await write(context, &request, {.op = QueryOp::create, .query = std::move(*query)});
  if (!outcome.has_value()) co_return api::error_response(outcome.error());
  // Under a request id it may be the query that an earlier attempt made.
  std::string body;
  api::JsonObject(body).add("ID", outcome->created).end();
  co_return api::json_response(std::move(body));
}

Task<api::Response> update(ServerContext* context, api::Request request, std::string id) {
  const auto scope = check_scope(*context, request);
  if (!scope.has_value()) co_return api::error_response(scope.error());
  auto query = parse_prepared_query(request.body, *context->settings);
  if (!query.has_value()) co_return api::error_response(query.error());
  query->id = std::move(id);
  const auto outcome =
      co_await write(context, &request, {.op = QueryOp::update, .query = std::move(*query)});
  if (!outcome.has_value()) co_return api::error_response(outcome.error());
  co_return api::empty_response();
}

Task<api::Response> remove(ServerContext* context, api::Request request, std::string id) {
  const auto scope = check_scope(*context, request);
  if (!scope.has_value()) co_return api::error_response(scope.error());
  const auto outcome =
      co_await write(context, &request, {.op = QueryOp::remove, .query = {.id = std::move(id)}});
  if (!outcome.has_value()) co_return api::error_response(outcome.error());
  co_return api::empty_response();
}

Task<api::Response> list(ServerContext* context, api::Request request, std::string) {
  return serve_read(context, std::move(request), ListQueries{});
}

Task<api::Response> get(ServerContext* context, api::Request request, std::string id) {
  return serve_read(context, std::move(request), GetQuery{std::move(id)});
}

struct ExecuteParameters {
  QueryExecution how;
  bool only_passing = false;
};

Result<ExecuteParameters> execute_parameters(const ServerContext& context, api::Request& request) {
  ExecuteParameters parameters;
  parameters.how.from = take_viewpoint(request, *context.settings);
  parameters.how.agent_node = asked_node(request, *context.settings);
  const auto limit = request.parameter("limit").value_or("");
  if (!limit.empty()) {
    auto number = parse_int(limit);
    if (!number.has_value()) {
      return fail(ErrorCode::failed, "Bad limit: " + number.error().message);
    }
    parameters.how.limit = *number;
  }
  const auto connect = request.parameter("connect").value_or("");
  if (!connect.empty()) {
    auto value = parse_bool(connect);
    if (!value.has_value()) {
      return fail(ErrorCode::failed, "Error parsing 'connect' value: " + value.error().message);
    }
    parameters.how.connect = *value;
  }
  if (const auto passing = request.parameter("passing")) {
    auto value = passing->empty() ? Result<bool>(true) : parse_bool(*passing);
    if (!value.has_value()) return fail(ErrorCode::bad_request, "Invalid value for ?passing");
    parameters.only_passing = *value;
  }
  return parameters;
}

/// Neither of the two waits for changes: a query may move from service to service.
Task<Result<ReadTurn>> begin_read(ServerContext* context, const api::Request* request) {
  auto options = read_options(*context, *request);
  if (!options.has_value()) co_return std::unexpected(std::move(options).error());
  if (options->cached) {
    co_return co_await wait_for_cached_turn(context, request, std::move(*options));
  }
  co_return co_await wait_for_turn(context, std::move(*options));
}

ReadResult execute_now(ServerContext& context, const ReadTurn& turn, std::string_view id_or_name,
                       const ExecuteParameters& parameters) {
  const ReadSnapshot snapshot = context.reader.open();
  const ReadRows& rows = snapshot.rows();
  auto query = resolve_query(rows, id_or_name);
  if (!query.has_value()) return failed(query.error());
  if (!query->has_value()) return not_found(query_index(rows));
  api::PreparedQuery& found = **query;
  found.service.only_passing = found.service.only_passing || parameters.only_passing;
  ReadResult result{.index =
                        std::max(query_index(rows), service_index(rows, found.service.service))};
  api::JsonObject object(result.body);
  object.add("Service", found.service.service)
      .add("Nodes", execute_query(rows, found.service, parameters.how, context.rng))
      .add("DNS", found.dns)
      .add("Datacenter", context.settings->datacenter)
      .add("PeerName", std::string_view())
      .add("Failovers", 0);  // There is no other datacenter to ask.
  add_query_meta(object, result.index, turn);
  object.end();
  return result;
}

Task<api::Response> execute(ServerContext* context, api::Request request, std::string id_or_name) {
  const auto parameters = execute_parameters(*context, request);
  if (!parameters.has_value()) co_return api::error_response(parameters.error());
  const auto turn = co_await begin_read(context, &request);
  if (!turn.has_value()) co_return api::error_response(turn.error());
  co_return make_response(execute_now(*context, *turn, id_or_name, *parameters), *turn,
                          query_style);
}

ReadResult explain_now(ServerContext& context, const ReadTurn& turn, std::string_view id_or_name) {
  const ReadSnapshot snapshot = context.reader.open();
  const std::uint64_t index = query_index(snapshot.rows());
  auto query = resolve_query(snapshot.rows(), id_or_name);
  if (!query.has_value()) return failed(query.error());
  if (!query->has_value()) return not_found(index);
  ReadResult result{.index = index};
  api::JsonObject object(result.body);
  object.add("Query", **query);
  add_query_meta(object, index, turn);
  object.end();
  return result;
}

Task<api::Response> explain(ServerContext* context, api::Request request, std::string id_or_name) {
  const auto turn = co_await begin_read(context, &request);
  if (!turn.has_value()) co_return api::error_response(turn.error());
  co_return make_response(explain_now(*context, *turn, id_or_name), *turn, query_style);
}

}  // namespace

void add_prepared_query_routes(api::Router& router, ServerContext& context) {
  using api::Method;
  const RouteSet routes{router, context};
  routes.add(Method::get, "/v1/query", list);
  routes.add(Method::post, "/v1/query", create);
  routes.add(Method::get, "/v1/query/", execute, "/execute");
  routes.add(Method::get, "/v1/query/", explain, "/explain");
  routes.add(Method::get, "/v1/query/", get);
  routes.add(Method::put, "/v1/query/", update);
  routes.add(Method::del, "/v1/query/", remove);
}

}  // namespace conclave::daemon
