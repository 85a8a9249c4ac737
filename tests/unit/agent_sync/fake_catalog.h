#pragma once

/// A catalog behind Upstream, as simple as one can be: keeps one node's rows, counts calls, fails
/// when told to.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/link/catalog_client.h"
#include "api/codec/reader.h"
#include "api/codec/writer.h"
#include "api/rest/respond.h"
#include "api/rpc/upstream.h"
#include "base/run/sleep.h"

namespace conclave::agent {

class FakeCatalog final : public api::Upstream {
 public:
  explicit FakeCatalog(Loop& loop) : loop_(loop) {}

  Task<api::Response> call(api::Request request) override {
    calls.push_back(request.method_text + " " + request.path);
    bodies.push_back(request.body);
    tokens.emplace_back(request.header("x-consul-token"));
    // Somebody else's turn: what overlaps in production overlaps here.
    co_await yield_turn(loop_);
    if (during_call) during_call();
    if (const auto refused = refusals.find(request.path); refused != refusals.end()) {
      co_return api::text_response(refused->second.first, refused->second.second);
    }
    co_return answer(request);
  }

  /// Path -> status and text of the answer.
  std::map<std::string, std::pair<int, std::string>> refusals;
  std::function<void()> during_call;
  std::vector<std::string> calls;
  std::vector<std::string> bodies;
  std::vector<std::string> tokens;
  api::CatalogImage rows;

 private:
  api::Response answer(const api::Request& request) {
    if (request.path == "/v1/catalog/register") {
      put(api::decode_body<CatalogRegistration>(request.body).value());
      return api::json_response("true");
    }
    if (request.path == "/v1/catalog/deregister") {
      drop(api::decode_body<CatalogDeregistration>(request.body).value());
      return api::json_response("true");
    }
    if (request.path.starts_with("/v1/health/node/")) {
      std::vector<api::HealthCheck> checks;
      for (const auto& [id, check] : rows.checks) checks.push_back(check);
      return api::json_response(api::to_json(checks));
    }
    std::vector<api::NodeService> services;
    for (const auto& [id, service] : rows.services) services.push_back(service);
    std::string out;
    api::JsonObject object(out);
    object.add("Node", rows.node);
    object.add("Services", services);
    object.end();
    return api::json_response(out);
  }

  void put(CatalogRegistration body) {
    if (!body.skip_node_update) {
      rows.node.emplace();
      rows.node->id = body.id;
      rows.node->node = body.node;
      rows.node->address = body.address;
      rows.node->datacenter = body.datacenter;
      rows.node->tagged_addresses = body.tagged_addresses;
      rows.node->meta = body.node_meta;
    }
    if (body.service) rows.services[body.service->id] = *body.service;
    for (const api::HealthCheck& check : body.checks) rows.checks[check.check_id] = check;
  }

  void drop(const CatalogDeregistration& body) {
    rows.checks.erase(body.check_id);
    rows.services.erase(body.service_id);
    std::erase_if(rows.checks, [&](const auto& item) {
      return !body.service_id.empty() && item.second.service_id == body.service_id;
    });
  }

  Loop& loop_;
};

}  // namespace conclave::agent
