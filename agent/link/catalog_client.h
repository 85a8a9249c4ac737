#pragma once

/// The catalog as the agent uses it: typed calls over Upstream, that is over HTTP requests which a
/// server answers (contract 8.1, 8.2, 9). Agent loop. Errors: `denied` for 403, `no_leader` when no
/// server or no leader could be reached, `failed` otherwise, with the server's text.

#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "api/model/agent_catalog.h"
#include "api/model/catalog.h"
#include "api/model/field.h"
#include "api/rpc/upstream.h"
#include "base/core/result.h"
#include "base/run/loop.h"

namespace conclave::agent {

/// The body of /v1/catalog/register as an agent sends it: its node, and a service, checks, both or
/// neither.
struct CatalogRegistration {
  std::string datacenter;
  std::string id;
  std::string node;
  std::string address;
  api::StringMap tagged_addresses;
  api::StringMap node_meta;
  bool skip_node_update = false;
  std::optional<api::NodeService> service;
  std::vector<api::HealthCheck> checks;

  static constexpr auto fields() {
    using R = CatalogRegistration;
    constexpr auto omit = api::Show::omit_empty;
    return std::tuple{
        api::field(0, "Datacenter", &R::datacenter, omit),
        api::field(0, "ID", &R::id, omit),
        api::field(0, "Node", &R::node),
        api::field(0, "Address", &R::address),
        api::field(0, "TaggedAddresses", &R::tagged_addresses, omit),
        api::field(0, "NodeMeta", &R::node_meta, omit),
        api::field(0, "SkipNodeUpdate", &R::skip_node_update),
        api::field(0, "Service", &R::service, omit),
        api::field(0, "Checks", &R::checks, omit),
    };
  }
};

/// The body of /v1/catalog/deregister. One of the ids is set.
struct CatalogDeregistration {
  std::string datacenter;
  std::string node;
  std::string service_id;
  std::string check_id;

  static constexpr auto fields() {
    using D = CatalogDeregistration;
    constexpr auto omit = api::Show::omit_empty;
    return std::tuple{api::field(0, "Datacenter", &D::datacenter, omit),
                      api::field(0, "Node", &D::node),
                      api::field(0, "ServiceID", &D::service_id, omit),
                      api::field(0, "CheckID", &D::check_id, omit)};
  }
};

class CatalogClient {
 public:
  explicit CatalogClient(api::Upstream& upstream) : upstream_(upstream) {}

  Task<Result<void>> register_node(CatalogRegistration registration, std::string token);
  Task<Result<void>> deregister(CatalogDeregistration deregistration, std::string token);
  /// Everything the catalog has of a node; all empty when it does not know it.
  Task<Result<api::CatalogImage>> node_image(std::string node);

 private:
  Task<Result<std::string>> call(std::string method, std::string path, std::string body,
                                 std::string token);
  api::Upstream& upstream_;
};

}  // namespace conclave::agent
