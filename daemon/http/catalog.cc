#include "daemon/http/catalog.h"

#include <string>
#include <utility>

#include "api/codec/writer.h"
#include "daemon/http/blocking.h"
#include "daemon/http/filtered_read.h"
#include "daemon/http/instance_parameters.h"
#include "daemon/http/json_list.h"
#include "daemon/http/register_body.h"
#include "daemon/http/route_set.h"
#include "daemon/http/write.h"
#include "daemon/read/catalog_read.h"

namespace conclave::daemon {

namespace {

constexpr ReadStyle catalog_style{.effective_consistency = true};

struct ListNodes {
  static constexpr ReadStyle style = catalog_style;
  InstanceFilter filter;
  Viewpoint from;
  api::Filter<api::Node> expression;

  Interest interest() const { return wait_for_tables({TopicKind::nodes}); }
  ReadResult operator()(const ReadRows& rows, ListOutput& output) const {
    ReadResult result;
    write_list(
        output, rows, expression, from,
        [&](auto take) { result.index = list_nodes(rows, filter, take); },
        [](const api::Node& node) -> std::string_view { return node.node; });
    return result;
  }
};

struct ListServices {
  static constexpr ReadStyle style = catalog_style;
  InstanceFilter filter;
  api::Filter<api::ServiceNode> expression;

  Interest interest() const {
    const bool asks_nodes = !filter.node_meta.empty() || !expression.accepts_all();
    return asks_nodes ? wait_for_tables({TopicKind::services, TopicKind::nodes})
                      : wait_for_tables({TopicKind::services});
  }
  ReadResult operator()(const ReadRows& rows) const {
    const ServiceNames names = list_services(rows, filter, expression);
    return {.index = names.index, .body = api::to_json(names.tags)};
  }
};

struct ListInstances {
  static constexpr ReadStyle style = catalog_style;
  std::string service;
  InstanceFilter filter;
  Viewpoint from;
  api::Filter<api::ServiceNode> expression;

  Interest interest() const { return wait_for(TopicKind::service, service); }
  ReadResult operator()(const ReadRows& rows, ListOutput& output) const {
    ReadResult result{.found = false};
    const auto list = [&](auto take) {
      result.index = list_instances(rows, service, filter, [&](api::ServiceNode&& instance) {
        result.found = true;
        take(std::move(instance));
      });
    };
    write_list(output, rows, expression, from, list,
               [](const api::ServiceNode& one) -> std::string_view { return one.node; });
    return result;
  }
};

/// A node is named by its name, its id or a prefix of that; only a name can be waited for exactly.
Interest wait_for_node(const std::string& name_or_id) {
  Interest interest = wait_for(TopicKind::node, name_or_id);
  const bool may_be_id =
      name_or_id.find_first_not_of("0123456789abcdefABCDEF-") == std::string::npos;
  if (!may_be_id) return interest;
  for (const TopicKind kind : {TopicKind::nodes, TopicKind::services}) {
    interest.topics.push_back({kind, ""});
  }
  return interest;
}

/// /v1/catalog/node: services as an object by id; an unknown node is `null`.
struct GetNode {
  static constexpr ReadStyle style = catalog_style;
  std::string name;
  api::Filter<api::NodeService> expression;

  Interest interest() const { return wait_for_node(name); }
  ReadResult operator()(const ReadRows& rows) const {
    const NodeRead read = read_node(rows, name);
    ReadResult result{.index = read.index, .found = read.node.has_value()};
    if (!read.node.has_value()) {
      result.body = "null";
      return result;
    }
    std::map<std::string, api::NodeService> services;
    for (const api::NodeService& service : read.services) {
      if (expression.accepts(service)) services.emplace(service.id, service);
    }
    api::JsonObject(result.body).add("Node", *read.node).add("Services", services).end();
    return result;
  }
};

/// /v1/catalog/node-services: services as a list.
struct GetNodeServices {
  static constexpr ReadStyle style = catalog_style;
  std::string name;
  api::Filter<api::NodeService> expression;

  Interest interest() const { return wait_for_node(name); }
  ReadResult operator()(const ReadRows& rows) const {
    NodeRead read = read_node(rows, name);
    expression.keep_accepted(read.services);
    ReadResult result{.index = read.index, .found = read.node.has_value()};
    api::JsonObject(result.body).add("Node", read.node).add("Services", read.services).end();
    return result;
  }
};

Task<api::Response> datacenters(ServerContext* context, api::Request, std::string) {
  return answered(
      api::json_response(api::to_json(std::vector<std::string>{context->settings->datacenter})));
}

Task<api::Response> nodes(ServerContext* context, api::Request request, std::string) {
  InstanceFilter filter = instance_filter(request);
  Viewpoint from = take_viewpoint(request, *context->settings);
  return serve_filtered_read(context, std::move(request),
                             ListNodes{std::move(filter), std::move(from), {}});
}

Task<api::Response> services(ServerContext* context, api::Request request, std::string) {
  InstanceFilter filter = instance_filter(request);
  return serve_filtered_read(context, std::move(request), ListServices{std::move(filter), {}});
}

Task<api::Response> service(ServerContext* context, api::Request request, std::string name) {
  if (name.empty()) return refused(ErrorCode::bad_request, "Missing service name");
  InstanceFilter filter = instance_filter(request);
  Viewpoint from = take_viewpoint(request, *context->settings);
  return serve_filtered_read(
      context, std::move(request),
      ListInstances{std::move(name), std::move(filter), std::move(from), {}});
}

Task<api::Response> node(ServerContext* context, api::Request request, std::string name) {
  if (name.empty()) return refused(ErrorCode::bad_request, "Missing node name");
  return serve_filtered_read(context, std::move(request), GetNode{std::move(name), {}});
}

Task<api::Response> node_services(ServerContext* context, api::Request request, std::string name) {
  if (name.empty()) return refused(ErrorCode::bad_request, "Missing node name");
  return serve_filtered_read(context, std::move(request), GetNodeServices{std::move(name), {}});
}

/// Both answer `true` whether or not anything changed.
Task<api::Response> commit_body(ServerContext* context, api::Request request, CommandBody body) {
  auto command = make_command(request, std::move(body));
  if (!command.has_value()) co_return api::error_response(command.error());
  auto outcome = co_await commit(context, std::move(*command));
  if (!outcome.has_value()) co_return api::error_response(outcome.error());
  co_return api::json_response("true");
}

Task<api::Response> register_node(ServerContext* context, api::Request request, std::string) {
  const auto scope = check_scope(*context, request);
  if (!scope.has_value()) return answered(api::error_response(scope.error()));
  auto command = parse_register(request.body, *context->settings);
  if (!command.has_value()) return answered(api::error_response(command.error()));
  return commit_body(context, std::move(request), std::move(*command));
}

Task<api::Response> deregister_node(ServerContext* context, api::Request request, std::string) {
  const auto scope = check_scope(*context, request);
  if (!scope.has_value()) return answered(api::error_response(scope.error()));
  auto command = parse_deregister(request.body, *context->settings);
  if (!command.has_value()) return answered(api::error_response(command.error()));
  return commit_body(context, std::move(request), std::move(*command));
}

}  // namespace

void add_catalog_routes(api::Router& router, ServerContext& context) {
  using api::Method;
  const RouteSet routes{router, context};
  routes.add(Method::get, "/v1/catalog/datacenters", datacenters);
  routes.add(Method::get, "/v1/catalog/nodes", nodes);
  routes.add(Method::get, "/v1/catalog/services", services);
  routes.add(Method::get, "/v1/catalog/service/", service);
  routes.add(Method::get, "/v1/catalog/node/", node);
  routes.add(Method::get, "/v1/catalog/node-services/", node_services);
  routes.add(Method::put, "/v1/catalog/register", register_node);
  routes.add(Method::put, "/v1/catalog/deregister", deregister_node);
}

}  // namespace conclave::daemon
