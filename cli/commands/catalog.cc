#include "cli/commands/catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <ostream>
#include <set>

#include "api/model/catalog.h"
#include "cli/commands/client_flags.h"
#include "cli/commands/columns.h"
#include "cli/commands/data_argument.h"

namespace conclave::cli {
namespace {

constexpr std::string_view nodes_usage = R"(Usage: conclave catalog nodes [flags]

  Lists the nodes of the catalog: all, or those that run a service or carry metadata.

      $ conclave catalog nodes
      $ conclave catalog nodes -service=web -detailed
      $ conclave catalog nodes -node-meta=rack=7)";

constexpr std::string_view services_usage = R"(Usage: conclave catalog services [flags]

  Lists the names of the services in the catalog: all, or those of one node.

      $ conclave catalog services -tags
      $ conclave catalog services -node=host-1)";

constexpr std::string_view datacenters_usage = R"(Usage: conclave catalog datacenters [flags]

  Lists the datacenters that the agent knows, one a line.)";

using Services = std::map<std::string, std::vector<std::string>>;

int failed(Terminal& terminal, std::string_view doing, const Error& error) {
  terminal.err << "Error " << doing << ": " << error.message << "\n";
  return exit_failed;
}

int too_many(Terminal& terminal, const ParsedFlags& flags) {
  terminal.err << fmt::format("Too many arguments (expected 0, got {})\n",
                              flags.positionals().size());
  return exit_failed;
}

/// What -node-meta and -near say, as the API takes it: `key=value` becomes `key:value`.
std::vector<AgentClient::Query> selection(const ParsedFlags& flags) {
  std::vector<AgentClient::Query> query;
  for (std::string pair : flags.all("node-meta")) {
    if (const auto equals = pair.find('='); equals != std::string::npos) pair[equals] = ':';
    query.push_back({"node-meta", std::move(pair)});
  }
  if (const auto near = flags.value("near"); near && !near->empty()) {
    query.push_back({"near", *near});
  }
  return query;
}

/// One row for each instance, as Consul's tool shows them: a node may come twice.
Result<std::vector<api::Node>> nodes_of_service(const AgentClient& client,
                                                const std::string& service,
                                                std::vector<AgentClient::Query> query) {
  CONCLAVE_TRY_ASSIGN(auto instances,
                      client.get<std::vector<api::ServiceNode>>(
                          "/v1/catalog/service/" + escape_path(service), std::move(query)));
  std::vector<api::Node> nodes;
  for (api::ServiceNode& instance : instances) {
    nodes.push_back({.id = std::move(instance.id),
                     .node = std::move(instance.node),
                     .address = std::move(instance.address),
                     .datacenter = std::move(instance.datacenter),
                     .tagged_addresses = std::move(instance.tagged_addresses),
                     .meta = std::move(instance.node_meta)});
  }
  return nodes;
}

std::string joined(const api::StringMap& pairs) {
  std::string text;
  for (const auto& [name, value] : pairs) text += (text.empty() ? "" : ", ") + name + "=" + value;
  return text;
}

std::string table(const std::vector<api::Node>& nodes, bool detailed) {
  std::vector<std::vector<std::string>> rows = {{"Node", "ID", "Address", "DC"}};
  if (detailed) rows[0].insert(rows[0].end(), {"TaggedAddresses", "Meta"});
  for (const api::Node& node : nodes) {
    const std::string id = detailed ? node.id : node.id.substr(0, node.id.find('-'));
    auto& row =
        rows.emplace_back(std::vector<std::string>{node.node, id, node.address, node.datacenter});
    if (detailed) row.insert(row.end(), {joined(node.tagged_addresses), joined(node.meta)});
  }
  return align_columns(rows);
}

/// The instances of one node, folded to names and tags.
Result<Services> services_of_node(const AgentClient& client, const std::string& node) {
  CONCLAVE_TRY_ASSIGN(const auto answer,
                      client.get<api::JsonValue>("/v1/catalog/node/" + escape_path(node)));
  Services services;
  const api::JsonValue* instances = answer.find("Services");
  if (instances == nullptr || instances->if_object() == nullptr) return services;
  for (const auto& [id, json] : *instances->if_object()) {
    api::NodeService instance;
    CONCLAVE_TRY(api::read_json(json, instance));
    auto& tags = services[instance.service];
    tags.insert(tags.end(), instance.tags.begin(), instance.tags.end());
  }
  return services;
}

/// Name and sorted tags, six spaces after the longest name as Go's tabwriter is set there.
void print_with_tags(std::ostream& out, const Services& services) {
  std::size_t width = 0;
  for (const auto& [name, tags] : services) width = std::max(width, name.size());
  for (const auto& [name, tags] : services) {
    const std::set<std::string> sorted(tags.begin(), tags.end());
    const std::string text = fmt::format("{}", fmt::join(sorted, ","));
    out << (text.empty() ? name : fmt::format("{:<{}}{}", name, width + 6, text)) << "\n";
  }
}

}  // namespace

int run_catalog_nodes(Terminal& terminal, const Arguments& arguments) {
  auto command =
      begin_client_command(terminal, nodes_usage,
                           {{"detailed", true, "also whole IDs, tagged addresses and metadata"},
                            {"service", false, "only nodes that run this service"},
                            {"node-meta", false, "only nodes with this key=value; repeatable"},
                            {"near", false, "sort by the distance to this node, or _agent"},
                            {"filter", false, "filter expression, @file or - for standard input"}},
                           arguments);
  if (command.exit_code) return *command.exit_code;
  if (!command.flags->positionals().empty()) return too_many(terminal, *command.flags);
  auto query = selection(*command.flags);
  const auto filter = read_data_argument(command.flags->value("filter").value_or(""), terminal);
  if (!filter) return failed(terminal, "reading the filter", filter.error());
  if (!filter->empty()) query.push_back({"filter", *filter});
  const std::string service = command.flags->value("service").value_or("");
  const auto nodes = service.empty() ? command.client->get<std::vector<api::Node>>(
                                           "/v1/catalog/nodes", std::move(query))
                                     : nodes_of_service(*command.client, service, std::move(query));
  if (!nodes) {
    return failed(terminal, service.empty() ? "listing nodes" : "listing nodes for service",
                  nodes.error());
  }
  if (nodes->empty()) {
    terminal.err << "No nodes match the given query - try expanding your search.\n";
    return exit_ok;
  }
  terminal.out << table(*nodes, command.flags->is_on("detailed"));
  return exit_ok;
}

int run_catalog_services(Terminal& terminal, const Arguments& arguments) {
  auto command =
      begin_client_command(terminal, services_usage,
                           {{"node", false, "only services of this node, by name or ID"},
                            {"node-meta", false, "only of nodes with this key=value; repeatable"},
                            {"tags", true, "also the tags of each"}},
                           arguments);
  if (command.exit_code) return *command.exit_code;
  if (!command.flags->positionals().empty()) return too_many(terminal, *command.flags);
  const std::string node = command.flags->value("node").value_or("");
  const auto services = node.empty() ? command.client->get<Services>("/v1/catalog/services",
                                                                     selection(*command.flags))
                                     : services_of_node(*command.client, node);
  if (!services) {
    return failed(terminal, node.empty() ? "listing services" : "listing services for node",
                  services.error());
  }
  if (services->empty()) {
    terminal.err << "No services match the given query - try expanding your search.\n";
    return exit_ok;
  }
  if (command.flags->is_on("tags")) {
    print_with_tags(terminal.out, *services);
    return exit_ok;
  }
  for (const auto& [name, tags] : *services) terminal.out << name << "\n";
  return exit_ok;
}

int run_catalog_datacenters(Terminal& terminal, const Arguments& arguments) {
  auto command = begin_client_command(terminal, datacenters_usage, {}, arguments);
  if (command.exit_code) return *command.exit_code;
  if (!command.flags->positionals().empty()) return too_many(terminal, *command.flags);
  const auto names = command.client->get<std::vector<std::string>>("/v1/catalog/datacenters");
  if (!names) return failed(terminal, "listing datacenters", names.error());
  for (const std::string& name : *names) terminal.out << name << "\n";
  return exit_ok;
}

}  // namespace conclave::cli
