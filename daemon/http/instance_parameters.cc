#include "daemon/http/instance_parameters.h"

#include <algorithm>
#include <string>

#include "base/core/text.h"
#include "daemon/http/asked_node.h"

namespace conclave::daemon {

InstanceFilter instance_filter(const api::Request& request) {
  InstanceFilter filter;
  for (const auto& [name, value] : request.query) {
    if (name == "tag") {
      filter.tags.push_back(value);
    } else if (name == "node-meta") {
      const std::size_t colon = std::min(value.find(':'), value.size());
      const std::size_t rest = std::min(colon + 1, value.size());
      filter.node_meta.emplace_back(value.substr(0, colon), value.substr(rest));
    }
  }
  return filter;
}

namespace {

/// As a proxy says, else as the connection says.
std::string address_of_client(const api::Request& request) {
  const std::string_view said = request.header("x-forwarded-for");
  const std::string_view first = trim_spaces(said.substr(0, said.find(',')));
  return first.empty() ? request.client_address : std::string(first);
}

}  // namespace

Viewpoint take_viewpoint(api::Request& request, const ServerSettings& settings) {
  const auto parameter = std::ranges::find(request.query, "near", &api::QueryParameter::name);
  if (parameter == request.query.end()) return {};
  // In the parameter too: it says which queries are alike.
  if (parameter->value == "_agent") parameter->value = asked_node(request, settings);
  Viewpoint from{.near = parameter->value, .client_address = {}};
  if (from.near != "_ip") return from;
  from.client_address = address_of_client(request);
  parameter->value += " " + from.client_address;
  return from;
}

Interest wait_for(TopicKind kind, std::string_view name) {
  return {.topics = {{kind, to_lower_ascii(name)}}, .key_prefixes = {}};
}

Interest wait_for_tables(std::initializer_list<TopicKind> kinds) {
  Interest interest;
  for (const TopicKind kind : kinds) interest.topics.push_back({kind, ""});
  return interest;
}

}  // namespace conclave::daemon
