#include "daemon/read/catalog_read.h"

#include <algorithm>
#include <utility>

#include "base/core/assert.h"
#include "base/core/text.h"
#include "daemon/tables/meta.h"
#include "daemon/tables/nodes.h"
#include "daemon/tables/services.h"
#include "daemon/tables/topic_index.h"

namespace conclave::daemon {

namespace {

std::uint64_t not_zero(std::uint64_t index) { return std::max<std::uint64_t>(index, 1); }

/// The node of an instance. Instances come sorted by node, so the last one is mostly it.
class NodeOfInstance {
 public:
  explicit NodeOfInstance(const ReadRows& rows) : rows_(rows) {}

  const api::Node& find(std::string_view name) {
    if (!node_.has_value() || !equal_ignoring_case(node_->node, name)) {
      node_ = find_node(rows_, name);
      CONCLAVE_ASSERT_WHY(node_.has_value(), "a service instance is on a node that is not there");
    }
    return *node_;
  }

 private:
  const ReadRows& rows_;
  std::optional<api::Node> node_;
};

api::ServiceNode flatten(const api::Node& node, const api::NodeService& service) {
  return {.id = node.id,
          .node = node.node,
          .address = node.address,
          .datacenter = node.datacenter,
          .tagged_addresses = node.tagged_addresses,
          .node_meta = node.meta,
          .service_kind = service.kind,
          .service_id = service.id,
          .service_name = service.service,
          .service_tags = service.tags,
          .service_address = service.address,
          .service_tagged_addresses = service.tagged_addresses,
          .service_weights = service.weights,
          .service_meta = service.meta,
          .service_port = service.port,
          .service_socket_path = service.socket_path,
          .service_enable_tag_override = service.enable_tag_override,
          .service_locality = service.locality,
          .create_index = service.create_index,
          .modify_index = service.modify_index};
}

}  // namespace

std::uint64_t list_nodes(const ReadRows& rows, const InstanceFilter& filter,
                         FunctionRef<void(api::Node&&)> take) {
  visit_nodes(rows, [&](const api::Node& node) {
    if (filter.wants_node(node)) take(api::Node(node));
    return true;
  });
  return not_zero(read_meta(rows).nodes_index);
}

NodeListing list_nodes(const ReadRows& rows, const InstanceFilter& filter) {
  NodeListing listing;
  listing.index =
      list_nodes(rows, filter, [&](api::Node&& node) { listing.nodes.push_back(std::move(node)); });
  return listing;
}

ServiceNames list_services(const ReadRows& rows, const InstanceFilter& filter,
                           const api::Filter<api::ServiceNode>& expression) {
  const Meta meta = read_meta(rows);
  ServiceNames names;
  names.index = not_zero(filter.node_meta.empty() && expression.accepts_all()
                             ? meta.services_index
                             : std::max(meta.services_index, meta.nodes_index));
  NodeOfInstance nodes(rows);
  visit_all_instances(rows, [&](const ServiceRef& at) {
    if (!filter.node_meta.empty() && !filter.wants_node(nodes.find(at.node))) return true;
    const auto service = find_service(rows, at.node, at.id);
    CONCLAVE_ASSERT(service.has_value());
    const bool wanted =
        expression.accepts_all() || expression.accepts(flatten(nodes.find(at.node), *service));
    if (!wanted) return true;
    auto& tags = names.tags[service->service];
    for (const std::string& tag : service->tags) {
      if (std::ranges::find(tags, tag) == tags.end()) tags.push_back(tag);
    }
    return true;
  });
  return names;
}

void visit_wanted_instances(
    const ReadRows& rows, std::string_view service, const InstanceFilter& filter,
    FunctionRef<void(const api::Node& node, const api::NodeService& instance)> visit) {
  NodeOfInstance nodes(rows);
  visit_instances(rows, service, [&](const ServiceRef& at) {
    const auto instance = find_service(rows, at.node, at.id);
    CONCLAVE_ASSERT(instance.has_value());
    if (!filter.wants_service(*instance)) return true;
    const api::Node& node = nodes.find(at.node);
    if (filter.wants_node(node)) visit(node, *instance);
    return true;
  });
}

std::uint64_t list_instances(const ReadRows& rows, std::string_view service,
                             const InstanceFilter& filter,
                             FunctionRef<void(api::ServiceNode&&)> take) {
  visit_wanted_instances(rows, service, filter,
                         [&](const api::Node& node, const api::NodeService& instance) {
                           take(flatten(node, instance));
                         });
  return service_index(rows, service);
}

ServiceListing list_instances(const ReadRows& rows, std::string_view service,
                              const InstanceFilter& filter) {
  ServiceListing listing;
  listing.index = list_instances(rows, service, filter, [&](api::ServiceNode&& instance) {
    listing.instances.push_back(std::move(instance));
  });
  return listing;
}

NodeRead read_node(const ReadRows& rows, std::string_view name_or_id) {
  NodeRead read;
  read.node = find_node(rows, name_or_id);
  if (!read.node.has_value()) read.node = find_node_by_id(rows, name_or_id);
  if (!read.node.has_value()) read.node = find_node_by_id_prefix(rows, name_or_id);
  read.index = node_index(rows, read.node.has_value() ? read.node->node : name_or_id);
  if (!read.node.has_value()) return read;
  visit_node_services(rows, read.node->node, [&](const api::NodeService& service) {
    read.services.push_back(service);
    return true;
  });
  return read;
}

}  // namespace conclave::daemon
