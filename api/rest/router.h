#pragma once

/// Routes: a table of path patterns, methods and handlers; contract section 1.1 (404, 405 with
/// Allow, OPTIONS, redirects) and 1.5 (headers that every response carries) in one place.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "api/http/server.h"
#include "api/rest/access.h"
#include "base/core/result.h"
#include "base/run/loop.h"

namespace conclave::api {

/// `rest` is the path after the route's prefix, decoded once ("web" of /v1/health/service/web; may
/// contain slashes).
using HandlerFunction = std::function<Task<Response>(Request request, std::string rest)>;

struct Route {
  std::string prefix;  ///< "/v1/kv/" (matches what follows) or "/v1/status/leader" (exact).
  std::vector<Method> methods;  ///< Allowed, in the order of the Allow header.
  HandlerFunction handler;
  std::uint64_t body_bytes_max = 512 * 1024;
  /// Loop that runs the handler; nullptr = the connection's own.
  Loop* loop = nullptr;
  /// Suffix that must follow the variable part, e.g. "/execute"; "" = none.
  std::string suffix = {};
  /// The setting that limits the body, named in the 413 text, e.g. "kv_max_value_size"; "" = none.
  std::string body_limit_setting = {};
  /// Makes what takes the body instead of memory; nullptr = nothing does.
  std::function<std::shared_ptr<BodySink>(const Request& head)> make_sink = {};
  /// GET is taken for PUT: clients of before 2018 (python-consul) still send it (contract 1.1).
  bool accepts_legacy_get = false;
};

struct RouterOptions {
  bool pretty_always = false;                      ///< Dev mode.
  std::vector<Header> response_headers;            ///< http_config.response_headers.
  std::vector<std::string> block_endpoints;        ///< Path prefixes answered 403.
  std::vector<std::string> allow_write_http_from;  ///< CIDRs; empty = anybody.
  bool ui_enabled = false;
  bool filter_unprintable = true;            ///< 400 for non-printable characters in the path.
  std::string default_acl_policy = "allow";  ///< X-Consul-Default-ACL-Policy.
  bool translate_addresses = false;          ///< X-Consul-Translate-Addresses: true.
};

/// Used by one loop; complete before it serves.
class Router final : public HttpServer::Handler {
 public:
  /// Requires: the address ranges in the options parse (access.h).
  explicit Router(RouterOptions options);
  /// Takes other options, as above. What is being answered now ends by the new ones. Loop thread.
  void reconfigure(RouterOptions options);
  /// Several routes may share a pattern; they then share the Allow header.
  void add(Route route);

  Task<Response> handle(Request request) override;
  std::uint64_t body_limit(const Request& head) const override;
  std::shared_ptr<BodySink> body_sink(const Request& head) const override;
  Response body_too_large(const Request& head, std::uint64_t declared_bytes) const override;

  /// For the list of routes (tests, OpenAPI check), in the order added.
  const std::vector<Route>& routes() const { return routes_; }

  /// What the client's own request says about the form of its response.
  struct Form {
    bool pretty = false;
    bool gzip = false;
  };
  /// Adds what every response carries, indents, compresses.
  void finish(Response& response, Form form) const;

 private:
  struct Match {
    const Route* route = nullptr;
    std::string_view rest;
  };
  /// The route of the longest pattern that fits; among routes of one pattern the one that allows
  /// `method`, if any does.
  Match find(std::string_view path, Method method) const;
  /// What is answered without a handler: unknown paths, wrong methods, blocked endpoints, ...
  std::optional<Response> answer_early(const Request& request, const Match& match) const;
  Task<Response> answer(Response response, Form form);
  /// What the handler does, on `loop` (nullptr = here). Its own coroutine, so that the request is
  /// not kept in two frames.
  Task<Response> run(Task<Response> work, Loop* loop, Form form);
  Response answer_unrouted(const Request& request) const;
  std::string allowed_methods(const Route& route) const;
  bool is_blocked(std::string_view path) const;
  bool may_write(const Request& request) const;

  RouterOptions options_;
  std::vector<Route> routes_;
  /// Routes by the word after /v1/, longest pattern first: indexes into routes_.
  std::unordered_map<std::string, std::vector<std::size_t>> families_;
  std::vector<AddressRange> writers_;
  /// Whole header lines for every response, with and without nosniff.
  SharedBody headers_;
  SharedBody headers_nosniff_;
  bool cross_origin_allowed_ = false;
};

}  // namespace conclave::api
