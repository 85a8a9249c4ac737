#include "daemon/http/health.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/http/blocking.h"
#include "daemon/http/filtered_read.h"
#include "daemon/http/instance_parameters.h"
#include "daemon/http/json_list.h"
#include "daemon/http/route_set.h"
#include "daemon/read/health_read.h"

namespace conclave::daemon {

namespace {

constexpr ReadStyle health_style{.effective_consistency = true};

std::string_view node_of_check(const api::HealthCheck& check) { return check.node; }

struct ServiceHealth {
  static constexpr ReadStyle style{.effective_consistency = true, .query_backend = true};
  std::string service;
  InstanceFilter filter;
  Viewpoint from;
  bool passing_only = false;
  api::Filter<api::ServiceEntry> expression;

  Interest interest() const { return wait_for(TopicKind::service, service); }
  ReadResult operator()(const ReadRows& rows, ListOutput& output) const {
    ReadResult result;
    write_list(
        output, rows, expression, from,
        [&](auto take) { result.index = list_health(rows, service, filter, passing_only, take); },
        [](const api::ServiceEntry& entry) -> std::string_view { return entry.node.node; });
    return result;
  }
};

struct ServiceChecks {
  static constexpr ReadStyle style = health_style;
  std::string service;
  InstanceFilter filter;
  Viewpoint from;
  api::Filter<api::HealthCheck> expression;

  Interest interest() const { return wait_for(TopicKind::service, service); }
  ReadResult operator()(const ReadRows& rows, ListOutput& output) const {
    ReadResult result;
    write_list(
        output, rows, expression, from,
        [&](auto take) { result.index = list_checks_of_service(rows, service, filter, take); },
        node_of_check);
    return result;
  }
};

struct NodeChecks {
  static constexpr ReadStyle style = health_style;
  std::string node;
  api::Filter<api::HealthCheck> expression;

  Interest interest() const { return wait_for(TopicKind::node, node); }
  ReadResult operator()(const ReadRows& rows, ListOutput& output) const {
    ReadResult result;
    write_list(
        output, rows, expression, {},
        [&](auto take) { result.index = list_checks_of_node(rows, node, take); }, node_of_check);
    return result;
  }
};

struct ChecksInState {
  static constexpr ReadStyle style = health_style;
  std::string status;
  InstanceFilter filter;
  Viewpoint from;
  api::Filter<api::HealthCheck> expression;

  Interest interest() const { return wait_for_tables({TopicKind::checks}); }
  ReadResult operator()(const ReadRows& rows, ListOutput& output) const {
    ReadResult result;
    write_list(
        output, rows, expression, from,
        [&](auto take) { result.index = list_checks_in_state(rows, status, filter, take); },
        node_of_check);
    return result;
  }
};

/// Go's strconv.ParseBool; nothing after `?passing` means true.
std::optional<bool> parse_passing(std::string_view text) {
  constexpr std::array<std::string_view, 7> yes = {"", "1", "t", "T", "TRUE", "true", "True"};
  constexpr std::array<std::string_view, 6> no = {"0", "f", "F", "FALSE", "false", "False"};
  if (std::ranges::find(yes, text) != yes.end()) return true;
  if (std::ranges::find(no, text) != no.end()) return false;
  return std::nullopt;
}

Task<api::Response> service(ServerContext* context, api::Request request, std::string name) {
  if (name.empty()) return refused(ErrorCode::bad_request, "Missing service name");
  Viewpoint from = take_viewpoint(request, *context->settings);
  ServiceHealth query{std::move(name), instance_filter(request), std::move(from), false, {}};
  if (const auto text = request.parameter("passing")) {
    const auto passing = parse_passing(*text);
    if (!passing.has_value()) {
      return refused(ErrorCode::bad_request, "Invalid value for ?passing");
    }
    query.passing_only = *passing;
  }
  return serve_filtered_read(context, std::move(request), std::move(query));
}

Task<api::Response> checks(ServerContext* context, api::Request request, std::string name) {
  if (name.empty()) return refused(ErrorCode::bad_request, "Missing service name");
  Viewpoint from = take_viewpoint(request, *context->settings);
  ServiceChecks query{std::move(name), instance_filter(request), std::move(from), {}};
  return serve_filtered_read(context, std::move(request), std::move(query));
}

Task<api::Response> node(ServerContext* context, api::Request request, std::string name) {
  if (name.empty()) return refused(ErrorCode::bad_request, "Missing node name");
  return serve_filtered_read(context, std::move(request), NodeChecks{std::move(name), {}});
}

Task<api::Response> state(ServerContext* context, api::Request request, std::string status) {
  if (status.empty()) return refused(ErrorCode::bad_request, "Missing check state");
  Viewpoint from = take_viewpoint(request, *context->settings);
  ChecksInState query{std::move(status), instance_filter(request), std::move(from), {}};
  return serve_filtered_read(context, std::move(request), std::move(query));
}

}  // namespace

void add_health_routes(api::Router& router, ServerContext& context) {
  using api::Method;
  const RouteSet routes{router, context};
  routes.add(Method::get, "/v1/health/service/", service);
  routes.add(Method::get, "/v1/health/checks/", checks);
  routes.add(Method::get, "/v1/health/node/", node);
  routes.add(Method::get, "/v1/health/state/", state);
}

}  // namespace conclave::daemon
