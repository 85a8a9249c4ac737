#include "agent/http/forward.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

namespace conclave::agent {

namespace {

/// Snapshots go through an agent in memory; a server takes them at any size.
constexpr std::uint64_t snapshot_bytes_max = 48ull << 20;
constexpr std::uint64_t body_bytes_max = 512 * 1024;

/// Families of paths, all of whose methods and paths the servers know.
constexpr const char* families[] = {
    "/v1/acl/",          "/v1/catalog/",
    "/v1/connect/",      "/v1/coordinate/",
    "/v1/event/",        "/v1/health/",
    "/v1/internal/acl/", "/v1/internal/ui/",
    "/v1/operator/",     "/v1/query",
    "/v1/query/",        "/v1/session/",
    "/v1/status/",       "/v1/agent/connect/ca/roots",
};

bool is_blocking(const api::Request& request) {
  const auto index = request.parameter("index").value_or("");
  return request.method == api::Method::get && !index.empty() && index != "0";
}

void add_parameter(api::Request& request, std::string name, std::string value) {
  request.target += request.target.find('?') == std::string::npos ? '?' : '&';
  request.target += name;
  if (!value.empty()) request.target.append(1, '=').append(value);
  request.query.push_back({std::move(name), std::move(value)});
}

/// discovery_max_stale (contract 2.1) is the asked agent's own, so it travels with the request.
void allow_stale_discovery(api::Request& request, Nanos max_stale) {
  const std::string_view path = request.path;
  const bool discovers = path.starts_with("/v1/catalog/") || path.starts_with("/v1/health/");
  const auto names = [&](const char* name) { return request.has_parameter(name); };
  constexpr const char* modes[] = {"stale", "consistent", "leader", "cached"};
  if (max_stale <= Nanos{} || request.method != api::Method::get || !discovers ||
      std::ranges::any_of(modes, names)) {
    return;
  }
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(max_stale);
  add_parameter(request, "stale", "");
  add_parameter(request, "max_stale", fmt::format("{}ms", milliseconds.count()));
}

Task<api::Response> forward(ForwardContext* context, api::Request request, std::string rest) {
  static_cast<void>(rest);
  allow_stale_discovery(request, context->discovery_max_stale);
  if (is_blocking(request)) co_return context->queries.park(std::move(request));
  if (Views::serves(request)) co_return co_await context->views.read(std::move(request));
  co_return co_await context->link.call(std::move(request));
}

void add(api::Router& router, ForwardContext& context, std::string prefix, std::uint64_t limit,
         std::string setting = {}) {
  using api::Method;
  router.add({.prefix = std::move(prefix),
              .methods = {Method::get, Method::put, Method::post, Method::del, Method::head,
                          Method::other},
              .handler =
                  [at = &context](api::Request request, std::string rest) {
                    return forward(at, std::move(request), std::move(rest));
                  },
              .body_bytes_max = limit,
              .body_limit_setting = std::move(setting)});
}

}  // namespace

void add_forward_routes(api::Router& router, ForwardContext& context) {
  for (const char* family : families) add(router, context, family, body_bytes_max);
  add(router, context, "/v1/kv/", context.kv_value_bytes_max, "kv_max_value_size");
  add(router, context, "/v1/txn", context.txn_bytes_max, "txn_max_req_len");
  add(router, context, "/v1/snapshot", snapshot_bytes_max);
}

}  // namespace conclave::agent
