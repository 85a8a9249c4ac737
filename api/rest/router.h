#pragma once

/// Routes: a table of path patterns, methods and handlers; contract section 1.1 (404, 405 with Allow, OPTIONS, redirects) and 1.5 (headers that
/// every response carries) in one place.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "api/http/server.h"
#include "base/core/result.h"
#include "base/run/loop.h"

namespace conclave::api {

/// `rest` is the path after the route's prefix, decoded once ("web" of /v1/health/service/web; may contain slashes).
using HandlerFunction = std::function<Task<Response>(Request request, std::string rest)>;

struct Route {
  std::string prefix;              ///< "/v1/kv/" (matches what follows) or "/v1/status/leader" (exact).
  std::vector<Method> methods;     ///< Allowed, in the order of the Allow header.
  HandlerFunction handler;
  std::uint64_t body_bytes_max = 512 * 1024;
  /// Loop that runs the handler; nullptr = the connection's own.
  Loop* loop = nullptr;
  /// Suffix that must follow the variable part, e.g. "/execute"; "" = none.
  std::string suffix = {};
};

struct RouterOptions {
  bool pretty_always = false;                 ///< Dev mode.
  std::vector<Header> response_headers;       ///< http_config.response_headers.
  std::vector<std::string> block_endpoints;   ///< Path prefixes answered 403.
  std::vector<std::string> allow_write_http_from;  ///< CIDRs; empty = anybody.
  bool ui_enabled = false;
  bool filter_unprintable = true;             ///< 400 for non-printable characters in the path.
};

class Router final : public HttpServer::Handler {
 public:
  explicit Router(RouterOptions options);
  void add(Route route);

  Task<Response> handle(Request request) override;
  std::uint64_t body_limit(const Request& head) const override;
  Response body_too_large(const Request& head, std::uint64_t declared_bytes) const override;

  /// For the list of routes (tests, OpenAPI check).
  const std::vector<Route>& routes() const { return routes_; }

 private:
  const Route* find(std::string_view path, std::string_view& rest) const;
  RouterOptions options_;
  std::vector<Route> routes_;  ///< Sorted: longest prefix first.
};

}  // namespace conclave::api
