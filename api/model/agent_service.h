#pragma once

/// Services as they are defined to an agent, and the objects that /v1/agent shows of them
/// (contract 6.1, 6.3, 16.3). The same structs read request bodies, configuration files and the
/// agent's own files.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "api/model/agent_check.h"
#include "api/model/catalog.h"
#include "api/model/field.h"

namespace conclave::api {

/// Weights as given: a member left out is 0, which validation judges; no object at all is 1 and 1.
struct WeightsDefinition {
  std::int64_t passing = 0;
  std::int64_t warning = 0;

  friend bool operator==(const WeightsDefinition&, const WeightsDefinition&) = default;
  static constexpr auto fields() {
    return std::tuple{field(0, "Passing", &WeightsDefinition::passing),
                      field(0, "Warning", &WeightsDefinition::warning)};
  }
};

/// The body of /v1/agent/service/register, and `service` in configuration files. Mesh members
/// (Connect, Proxy) are accepted and ignored, as every unknown member is.
struct ServiceDefinition {
  std::string kind;
  std::string id;  ///< "" = the name; normalise() fills it.
  std::string name;
  std::vector<std::string> tags;
  std::string address;
  std::map<std::string, ServiceAddress> tagged_addresses;
  StringMap meta;
  std::int64_t port = 0;
  std::string socket_path;
  bool enable_tag_override = false;
  std::optional<WeightsDefinition> weights;
  std::optional<CheckDefinition> check;  ///< normalise() moves it to the front of `checks`.
  std::vector<CheckDefinition> checks;
  std::string token;
  std::optional<Locality> locality;

  friend bool operator==(const ServiceDefinition&, const ServiceDefinition&) = default;
  static constexpr auto fields() {
    using D = ServiceDefinition;
    constexpr Show omit = Show::omit_empty;
    return std::tuple{
        field(0, "Kind", &D::kind, omit),
        field(0, "ID", &D::id, omit),
        field(0, "Name", &D::name, omit),
        field(0, "Tags", &D::tags, omit),
        field(0, "Address", &D::address, omit),
        field(0, "TaggedAddresses", &D::tagged_addresses, omit, "tagged_addresses"),
        field(0, "Meta", &D::meta, omit),
        field(0, "Port", &D::port, omit),
        field(0, "SocketPath", &D::socket_path, omit, "socket_path"),
        field(0, "EnableTagOverride", &D::enable_tag_override, omit, "enable_tag_override"),
        field(0, "Weights", &D::weights, omit),
        field(0, "Check", &D::check, omit),
        field(0, "Checks", &D::checks, omit),
        field(0, "Token", &D::token, omit),
        field(0, "Locality", &D::locality, omit),
    };
  }
};

/// One value of /v1/agent/services, and /v1/agent/service/:id with its hash (contract 6.3).
struct AgentService {
  std::string kind;
  std::string id;
  std::string service;
  std::vector<std::string> tags;
  StringMap meta;
  std::int64_t port = 0;
  std::string address;
  std::string socket_path;
  std::map<std::string, ServiceAddress> tagged_addresses;
  Weights weights;
  bool enable_tag_override = false;
  std::string content_hash;  ///< agent/rules/content_hash.h; "" in lists.
  std::string datacenter;
  std::optional<Locality> locality;

  friend bool operator==(const AgentService&, const AgentService&) = default;
  static constexpr auto fields() {
    using S = AgentService;
    constexpr Show omit = Show::omit_empty;
    return std::tuple{
        field(0, "Kind", &S::kind, omit),
        field(0, "ID", &S::id),
        field(0, "Service", &S::service),
        field(0, "Tags", &S::tags),
        field(0, "Meta", &S::meta),
        field(0, "Port", &S::port),
        field(0, "Address", &S::address),
        field(0, "SocketPath", &S::socket_path, omit),
        field(0, "TaggedAddresses", &S::tagged_addresses, omit),
        field(0, "Weights", &S::weights),
        field(0, "EnableTagOverride", &S::enable_tag_override),
        field(0, "ContentHash", &S::content_hash, omit),
        field(0, "Datacenter", &S::datacenter),
        field(0, "Locality", &S::locality, omit),
    };
  }
};

/// The answer of /v1/agent/health/service/id/:id, one element of that of /name/:name. No service,
/// no checks: both null.
struct AgentServiceHealth {
  std::string aggregated_status;
  std::optional<AgentService> service;
  std::optional<std::vector<HealthCheck>> checks;

  static constexpr auto fields() {
    using H = AgentServiceHealth;
    return std::tuple{field(0, "AggregatedStatus", &H::aggregated_status),
                      field(0, "Service", &H::service), field(0, "Checks", &H::checks)};
  }
};

}  // namespace conclave::api
