#pragma once

/// Nodes, service instances and health checks as the catalog stores them and as
/// /v1/catalog and /v1/health show them (contract sections 8.1 to 8.4).

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "api/model/field.h"

namespace conclave::api {

using StringMap = std::map<std::string, std::string>;

struct Node {
  std::string id;    ///< UUID, or "" for a node that was only registered in the catalog.
  std::string node;  ///< Name; compared without case, stored as given.
  std::string address;
  std::string datacenter;
  StringMap tagged_addresses;
  StringMap meta;
  std::uint64_t create_index = 0;
  std::uint64_t modify_index = 0;

  friend bool operator==(const Node&, const Node&) = default;
  static constexpr auto fields() {
    return std::tuple{
        field(1, "ID", &Node::id),
        field(2, "Node", &Node::node),
        field(3, "Address", &Node::address),
        field(4, "Datacenter", &Node::datacenter),
        field(5, "TaggedAddresses", &Node::tagged_addresses, Show::null_if_empty),
        field(6, "Meta", &Node::meta, Show::null_if_empty),
        field(7, "CreateIndex", &Node::create_index),
        field(8, "ModifyIndex", &Node::modify_index),
    };
  }
};

struct Weights {
  std::int64_t passing = 1;
  std::int64_t warning = 1;

  friend bool operator==(const Weights&, const Weights&) = default;
  static constexpr auto fields() {
    return std::tuple{field(1, "Passing", &Weights::passing),
                      field(2, "Warning", &Weights::warning)};
  }
};

struct ServiceAddress {
  std::string address;
  std::int64_t port = 0;

  friend bool operator==(const ServiceAddress&, const ServiceAddress&) = default;
  static constexpr auto fields() {
    return std::tuple{field(1, "Address", &ServiceAddress::address),
                      field(2, "Port", &ServiceAddress::port)};
  }
};

/// Where an instance runs, as its owner says.
struct Locality {
  std::string region;
  std::string zone;

  friend bool operator==(const Locality&, const Locality&) = default;
  static constexpr auto fields() {
    return std::tuple{field(1, "Region", &Locality::region), field(2, "Zone", &Locality::zone)};
  }
};

/// One instance of a service on one node: contract 8.3. The node is the key, not a member.
struct NodeService {
  std::string kind;
  std::string id;
  std::string service;
  std::vector<std::string> tags;
  std::string address;
  std::map<std::string, ServiceAddress> tagged_addresses;
  StringMap meta;
  std::int64_t port = 0;
  std::string socket_path;
  Weights weights;
  bool enable_tag_override = false;
  std::uint64_t create_index = 0;
  std::uint64_t modify_index = 0;
  std::optional<Locality> locality;

  friend bool operator==(const NodeService&, const NodeService&) = default;
  static constexpr auto fields() {
    return std::tuple{
        field(1, "Kind", &NodeService::kind, Show::omit_empty),
        field(2, "ID", &NodeService::id),
        field(3, "Service", &NodeService::service),
        field(4, "Tags", &NodeService::tags),
        field(5, "Address", &NodeService::address),
        field(6, "TaggedAddresses", &NodeService::tagged_addresses, Show::omit_empty),
        field(7, "Meta", &NodeService::meta),
        field(8, "Port", &NodeService::port),
        field(9, "SocketPath", &NodeService::socket_path, Show::omit_empty),
        field(10, "Weights", &NodeService::weights),
        field(11, "EnableTagOverride", &NodeService::enable_tag_override),
        Constant{"Proxy", R"({"Mode":"","MeshGateway":{},"Expose":{}})"},
        Constant{"Connect", "{}"},
        Constant{"PeerName", "\"\""},
        field(12, "CreateIndex", &NodeService::create_index),
        field(13, "ModifyIndex", &NodeService::modify_index),
        field(14, "Locality", &NodeService::locality),
    };
  }
};

/// What a catalog-registered check says about how it is run (contract 8.4); Conclave stores and
/// echoes it for tools such as Terraform and consul-esm, and runs none of it.
struct HealthCheckDefinition {
  std::string http;
  std::string tls_server_name;
  bool tls_skip_verify = false;
  std::map<std::string, std::vector<std::string>> header;
  std::string method;
  std::string body;
  std::string tcp;
  std::string udp;
  std::string grpc;
  std::string interval;  ///< Go duration text, "" when not given.
  std::string timeout;
  std::string deregister_critical_service_after;

  friend bool operator==(const HealthCheckDefinition&, const HealthCheckDefinition&) = default;
  static constexpr auto fields() {
    using D = HealthCheckDefinition;
    return std::tuple{
        field(1, "HTTP", &D::http, Show::omit_empty),
        field(2, "TLSServerName", &D::tls_server_name, Show::omit_empty, "tls_server_name"),
        field(3, "TLSSkipVerify", &D::tls_skip_verify, Show::omit_empty, "tls_skip_verify"),
        field(4, "Header", &D::header, Show::omit_empty),
        field(5, "Method", &D::method, Show::omit_empty),
        field(6, "Body", &D::body, Show::omit_empty),
        field(7, "TCP", &D::tcp, Show::omit_empty),
        field(8, "UDP", &D::udp, Show::omit_empty),
        field(9, "GRPC", &D::grpc, Show::omit_empty),
        field(10, "Interval", &D::interval, Show::omit_empty),
        field(11, "Timeout", &D::timeout, Show::omit_empty),
        field(12, "DeregisterCriticalServiceAfter", &D::deregister_critical_service_after,
              Show::omit_empty, "deregister_critical_service_after"),
    };
  }
};

/// A health check as stored and shown: contract 8.4. `service_id` empty = a node-level check.
struct HealthCheck {
  std::string node;
  std::string check_id;
  std::string name;
  std::string status;  ///< "passing", "warning" or "critical".
  std::string notes;
  std::string output;
  std::string service_id;
  std::string service_name;
  std::vector<std::string> service_tags;
  std::string type;
  std::string interval;
  std::string timeout;
  std::int64_t exposed_port = 0;
  HealthCheckDefinition definition;
  std::uint64_t create_index = 0;
  std::uint64_t modify_index = 0;

  friend bool operator==(const HealthCheck&, const HealthCheck&) = default;
  static constexpr auto fields() {
    return std::tuple{
        field(1, "Node", &HealthCheck::node),
        field(2, "CheckID", &HealthCheck::check_id),
        field(3, "Name", &HealthCheck::name),
        field(4, "Status", &HealthCheck::status),
        field(5, "Notes", &HealthCheck::notes),
        field(6, "Output", &HealthCheck::output),
        field(7, "ServiceID", &HealthCheck::service_id),
        field(8, "ServiceName", &HealthCheck::service_name),
        field(9, "ServiceTags", &HealthCheck::service_tags),
        field(10, "Type", &HealthCheck::type),
        field(11, "Interval", &HealthCheck::interval),
        field(12, "Timeout", &HealthCheck::timeout),
        field(13, "ExposedPort", &HealthCheck::exposed_port),
        field(14, "Definition", &HealthCheck::definition),
        field(15, "CreateIndex", &HealthCheck::create_index),
        field(16, "ModifyIndex", &HealthCheck::modify_index),
    };
  }
};

/// One element of /v1/health/service/:s (contract 9).
struct ServiceEntry {
  Node node;
  NodeService service;
  std::vector<HealthCheck> checks;

  static constexpr auto fields() {
    return std::tuple{field(0, "Node", &ServiceEntry::node),
                      field(0, "Service", &ServiceEntry::service),
                      field(0, "Checks", &ServiceEntry::checks)};
  }
};

/// One element of /v1/catalog/service/:s (contract 8.2): node and instance, flattened.
struct ServiceNode {
  std::string id;
  std::string node;
  std::string address;
  std::string datacenter;
  StringMap tagged_addresses;
  StringMap node_meta;
  std::string service_kind;
  std::string service_id;
  std::string service_name;
  std::vector<std::string> service_tags;
  std::string service_address;
  std::map<std::string, ServiceAddress> service_tagged_addresses;
  Weights service_weights;
  StringMap service_meta;
  std::int64_t service_port = 0;
  std::string service_socket_path;
  bool service_enable_tag_override = false;
  std::optional<Locality> service_locality;
  std::uint64_t create_index = 0;
  std::uint64_t modify_index = 0;

  static constexpr auto fields() {
    using S = ServiceNode;
    return std::tuple{
        field(0, "ID", &S::id),
        field(0, "Node", &S::node),
        field(0, "Address", &S::address),
        field(0, "Datacenter", &S::datacenter),
        field(0, "TaggedAddresses", &S::tagged_addresses, Show::null_if_empty),
        field(0, "NodeMeta", &S::node_meta, Show::null_if_empty),
        field(0, "ServiceKind", &S::service_kind),
        field(0, "ServiceID", &S::service_id),
        field(0, "ServiceName", &S::service_name),
        field(0, "ServiceTags", &S::service_tags),
        field(0, "ServiceAddress", &S::service_address),
        field(0, "ServiceTaggedAddresses", &S::service_tagged_addresses, Show::omit_empty),
        field(0, "ServiceWeights", &S::service_weights),
        field(0, "ServiceMeta", &S::service_meta),
        field(0, "ServicePort", &S::service_port),
        field(0, "ServiceSocketPath", &S::service_socket_path),
        field(0, "ServiceEnableTagOverride", &S::service_enable_tag_override),
        Constant{"ServiceProxy", R"({"Mode":"","MeshGateway":{},"Expose":{}})"},
        Constant{"ServiceConnect", "{}"},
        field(0, "ServiceLocality", &S::service_locality),
        field(0, "CreateIndex", &S::create_index),
        field(0, "ModifyIndex", &S::modify_index),
    };
  }
};

}  // namespace conclave::api
