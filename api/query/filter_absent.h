#pragma once

/// Members that Consul's structs have and ours have not: mesh and peering, which Conclave does not
/// do. Selectors of them are valid and read Go's zero values (contract 10), so that an expression
/// such as `Connect.Native == false` means what it means to Consul.

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "api/model/agent_service.h"
#include "api/model/catalog.h"
#include "api/query/filter_type.h"

namespace conclave::api {

namespace mesh {

struct Connect {
  bool native = false;
  static constexpr auto fields() { return std::tuple{field(0, "Native", &Connect::native)}; }
};

struct Gateway {
  std::string mode;
  static constexpr auto fields() { return std::tuple{field(0, "Mode", &Gateway::mode)}; }
};

struct ExposedPath {
  std::int64_t listener_port = 0;
  std::string path;
  std::int64_t local_path_port = 0;
  std::string protocol;
  static constexpr auto fields() {
    using P = ExposedPath;
    return std::tuple{field(0, "ListenerPort", &P::listener_port), field(0, "Path", &P::path),
                      field(0, "LocalPathPort", &P::local_path_port),
                      field(0, "Protocol", &P::protocol)};
  }
};

struct Expose {
  bool checks = false;
  std::vector<ExposedPath> paths;
  static constexpr auto fields() {
    return std::tuple{field(0, "Checks", &Expose::checks), field(0, "Paths", &Expose::paths)};
  }
};

struct Upstream {
  std::string destination_type;
  std::string destination_name;
  std::string datacenter;
  std::string local_bind_address;
  std::int64_t local_bind_port = 0;
  static constexpr auto fields() {
    using U = Upstream;
    return std::tuple{field(0, "DestinationType", &U::destination_type),
                      field(0, "DestinationName", &U::destination_name),
                      field(0, "Datacenter", &U::datacenter),
                      field(0, "LocalBindAddress", &U::local_bind_address),
                      field(0, "LocalBindPort", &U::local_bind_port)};
  }
};

struct Proxy {
  std::string destination_service_name;
  std::string destination_service_id;
  std::string local_service_address;
  std::int64_t local_service_port = 0;
  std::string mode;
  std::vector<Upstream> upstreams;
  Gateway mesh_gateway;
  Expose expose;
  static constexpr auto fields() {
    using P = Proxy;
    return std::tuple{field(0, "DestinationServiceName", &P::destination_service_name),
                      field(0, "DestinationServiceID", &P::destination_service_id),
                      field(0, "LocalServiceAddress", &P::local_service_address),
                      field(0, "LocalServicePort", &P::local_service_port),
                      field(0, "Mode", &P::mode),
                      field(0, "Upstreams", &P::upstreams),
                      field(0, "MeshGateway", &P::mesh_gateway),
                      field(0, "Expose", &P::expose)};
  }
};

}  // namespace mesh

template <>
inline constexpr auto absent_members<Node> = std::tuple{Absent<std::string>{"PeerName"}};
template <>
inline constexpr auto absent_members<HealthCheck> = std::tuple{Absent<std::string>{"PeerName"}};
template <>
inline constexpr auto absent_members<NodeService> =
    std::tuple{Absent<std::string>{"PeerName"}, Absent<mesh::Proxy>{"Proxy"},
               Absent<mesh::Connect>{"Connect"}};
template <>
inline constexpr auto absent_members<AgentService> =
    std::tuple{Absent<std::string>{"PeerName"}, Absent<mesh::Proxy>{"Proxy"},
               Absent<mesh::Connect>{"Connect"}};
template <>
inline constexpr auto absent_members<ServiceNode> =
    std::tuple{Absent<std::string>{"PeerName"}, Absent<mesh::Proxy>{"ServiceProxy"},
               Absent<mesh::Connect>{"ServiceConnect"}};

}  // namespace conclave::api
