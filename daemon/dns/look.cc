#include "daemon/dns/look.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "daemon/read/catalog_read.h"
#include "daemon/read/prepared_query_read.h"
#include "daemon/state/state_machine.h"
#include "daemon/tables/checks.h"
#include "daemon/tables/nodes.h"
#include "daemon/tables/services.h"

namespace conclave::daemon {
namespace {

enum class Health : std::uint8_t { passing, warning, critical };

Health worse(Health so_far, std::string_view status) {
  if (status == "critical") return Health::critical;
  return status == "warning" ? std::max(so_far, Health::warning) : so_far;
}

Health health_of(const ReadRows& rows, const std::string& node, const std::string& service_id) {
  Health health = Health::passing;
  const auto judge = [&](const api::HealthCheck& check) {
    health = worse(health, check.status);
    return health != Health::critical;
  };
  visit_service_checks(rows, node, "", judge);
  if (health != Health::critical) visit_service_checks(rows, node, service_id, judge);
  return health;
}

std::uint16_t to_u16(std::int64_t number) {
  return static_cast<std::uint16_t>(std::clamp<std::int64_t>(number, 0, UINT16_MAX));
}

dns::Meta meta_of(const api::Node& node) { return {node.meta.begin(), node.meta.end()}; }

dns::Instance instance_of(const api::Node& node, const api::NodeService& service, Health health) {
  dns::Instance instance;
  instance.node = node.node;
  instance.node_address = node.address;
  instance.node_meta = meta_of(node);
  instance.address = service.address;
  instance.port = to_u16(service.port);
  instance.warning = health == Health::warning;
  instance.weight = to_u16(instance.warning ? service.weights.warning : service.weights.passing);
  instance.tags = service.tags;
  return instance;
}

dns::ServiceFinding look_up_service(const ReadRows& rows, const std::string& name) {
  dns::ServiceFinding found;
  found.service = name;
  visit_wanted_instances(rows, name, {},
                         [&](const api::Node& node, const api::NodeService& service) {
                           const Health health = health_of(rows, node.node, service.id);
                           if (health == Health::critical) return;
                           found.instances.push_back(instance_of(node, service, health));
                         });
  return found;
}

/// A template that cannot be filled in finds nothing.
std::optional<dns::ServiceFinding> look_up_query(const ReadRows& rows, const std::string& name,
                                                 std::string_view agent_node, Rng& rng) {
  const auto query = resolve_query(rows, name);
  if (!query || !*query) return std::nullopt;
  const api::PreparedQuery& prepared = **query;
  dns::ServiceFinding found;
  found.service = prepared.service.service;
  found.ttl = prepared.dns.ttl;
  found.nearest_first = !prepared.service.near.empty();
  QueryExecution how;
  how.agent_node = agent_node;
  for (const api::ServiceEntry& entry : execute_query(rows, prepared.service, how, rng)) {
    Health health = Health::passing;
    for (const api::HealthCheck& check : entry.checks) health = worse(health, check.status);
    found.instances.push_back(instance_of(entry.node, entry.service, health));
  }
  return found;
}

/// A node if there is one, else the service that has an instance with that address of its own.
dns::OwnerFinding look_up_owner(const ReadRows& rows, const std::string& address) {
  dns::OwnerFinding found;
  visit_nodes(rows, [&](const api::Node& node) {
    if (node.address == address) found.node = node.node;
    return found.node.empty();
  });
  if (!found.node.empty()) return found;
  visit_all_instances(rows, [&](const ServiceRef& ref) {
    const auto service = find_service(rows, ref.node, ref.id);
    if (service && service->address == address) found.service = service->service;
    return found.service.empty();
  });
  return found;
}

}  // namespace

dns::Finding look_up(const ReadRows& rows, const dns::Subject& subject, std::string_view agent_node,
                     Rng& rng) {
  using Kind = dns::Subject::Kind;
  dns::Finding finding{.revision = stored_revision(rows), .what = {}};
  switch (subject.kind) {
    case Kind::service:
      if (auto found = look_up_service(rows, subject.name); !found.instances.empty()) {
        finding.what = std::move(found);
      }
      break;
    case Kind::node:
      if (const auto node = find_node(rows, subject.name)) {
        finding.what = dns::NodeFinding{node->node, node->address, meta_of(*node)};
      }
      break;
    case Kind::query:
      if (auto found = look_up_query(rows, subject.name, agent_node, rng);
          found && !found->instances.empty()) {
        finding.what = std::move(*found);
      }
      break;
    case Kind::owner: {
      dns::OwnerFinding owner = look_up_owner(rows, subject.name);
      if (!owner.node.empty() || !owner.service.empty()) finding.what = std::move(owner);
      break;
    }
  }
  return finding;
}

}  // namespace conclave::daemon
