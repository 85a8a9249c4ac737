#include "agent/link/catalog_client.h"

#include <utility>

#include "api/codec/json_value.h"
#include "api/codec/reader.h"
#include "api/codec/writer.h"
#include "api/http/target.h"

namespace conclave::agent {

namespace {

/// What /v1/catalog/node-services/:node answers.
struct NodeServices {
  std::optional<api::Node> node;
  std::vector<api::NodeService> services;

  static constexpr auto fields() {
    return std::tuple{api::field(0, "Node", &NodeServices::node),
                      api::field(0, "Services", &NodeServices::services)};
  }
};

std::string body_of(api::Response& response) {
  if (auto* text = std::get_if<std::string>(&response.body)) return std::move(*text);
  if (auto* shared = std::get_if<api::SharedBody>(&response.body)) {
    return *shared ? **shared : std::string();
  }
  return {};
}

ErrorCode code_of(int status, std::string_view text) {
  if (status == 403) return ErrorCode::denied;
  if (text.contains("No cluster leader") || text.contains("No known Consul servers")) {
    return ErrorCode::no_leader;
  }
  return ErrorCode::failed;
}

template <class T>
Result<T> decode(const std::string& path, const std::string& body) {
  T value{};
  Result<api::JsonValue> json = api::parse_json(body);
  if (!json) return fail("answer of " + path, json.error());
  if (auto read = api::read_json(*json, value); !read) {
    return fail("answer of " + path, read.error());
  }
  return value;
}

}  // namespace

Task<Result<std::string>> CatalogClient::call(std::string method, std::string path,
                                              std::string body, std::string token) {
  api::Request request;
  request.method = method == "PUT" ? api::Method::put : api::Method::get;
  request.method_text = std::move(method);
  request.target = std::move(path);
  request.path = api::percent_decode(request.target, false).value_or(request.target);
  request.body = std::move(body);
  if (!token.empty()) request.headers.push_back({"x-consul-token", std::move(token)});
  const std::string called = request.target;
  api::Response response = co_await upstream_.call(std::move(request));
  std::string text = body_of(response);
  if (response.status == 200) co_return text;
  if (text.empty()) text = called + " was answered with status " + std::to_string(response.status);
  co_return fail(code_of(response.status, text), text);
}

Task<Result<void>> CatalogClient::register_node(CatalogRegistration registration,
                                                std::string token) {
  std::string body = api::to_json(registration);
  auto answer = co_await call("PUT", "/v1/catalog/register", std::move(body), std::move(token));
  if (!answer) co_return std::unexpected(std::move(answer).error());
  co_return Result<void>{};
}

Task<Result<void>> CatalogClient::deregister(CatalogDeregistration deregistration,
                                             std::string token) {
  std::string body = api::to_json(deregistration);
  auto answer = co_await call("PUT", "/v1/catalog/deregister", std::move(body), std::move(token));
  if (!answer) co_return std::unexpected(std::move(answer).error());
  co_return Result<void>{};
}

Task<Result<api::CatalogImage>> CatalogClient::node_image(std::string node) {
  api::CatalogImage image;
  const std::string name = api::percent_encode(node);
  const std::string services_path = "/v1/catalog/node-services/" + name;
  auto answer = co_await call("GET", services_path, {}, {});
  if (!answer) co_return std::unexpected(std::move(answer).error());
  Result<NodeServices> services = decode<NodeServices>(services_path, *answer);
  if (!services) co_return std::unexpected(std::move(services).error());
  const std::string checks_path = "/v1/health/node/" + name;
  answer = co_await call("GET", checks_path, {}, {});
  if (!answer) co_return std::unexpected(std::move(answer).error());
  auto checks = decode<std::vector<api::HealthCheck>>(checks_path, *answer);
  if (!checks) co_return std::unexpected(std::move(checks).error());
  image.node = std::move(services->node);
  for (api::NodeService& service : services->services) {
    std::string id = service.id;
    image.services.emplace(std::move(id), std::move(service));
  }
  for (api::HealthCheck& check : *checks) {
    std::string id = check.check_id;
    image.checks.emplace(std::move(id), std::move(check));
  }
  co_return image;
}

}  // namespace conclave::agent
