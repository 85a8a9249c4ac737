#include "api/http/server_metrics.h"

#include <iterator>
#include <string>

#include "base/core/assert.h"

namespace conclave::api {

namespace {

/// The words after /v1/ that have histograms of their own; the last stands for everything else.
constexpr std::string_view path_classes[] = {
    "kv",    "health", "catalog",  "session",  "agent",      "status",   "txn",  "event",
    "query", "acl",    "internal", "operator", "coordinate", "snapshot", "other"};
constexpr std::string_view method_names[] = {"GET", "PUT", "DELETE", "other"};

std::size_t method_class(Method method) {
  switch (method) {
    case Method::get:
      return 0;
    case Method::put:
      return 1;
    case Method::del:
      return 2;
    default:
      return 3;
  }
}

std::size_t path_class(std::string_view path) {
  constexpr std::size_t other = std::size(path_classes) - 1;
  if (!path.starts_with("/v1/")) return other;
  path.remove_prefix(4);
  path = path.substr(0, path.find('/'));
  for (std::size_t i = 0; i < other; ++i) {
    if (path_classes[i] == path) return i;
  }
  return other;
}

std::string path_label(std::string_view name) {
  return name == "other" ? std::string(name) : "v1_" + std::string(name);
}

}  // namespace

ServerMetrics::ServerMetrics(Metrics& metrics)
    : requests(metrics.counter("consul.http.requests", "HTTP requests received.")),
      connections_accepted(
          metrics.counter("consul.http.connections.accepted", "HTTP connections accepted.")),
      connections_refused(metrics.counter("consul.http.connections.refused",
                                          "HTTP connections over the limit per client address.")),
      accept_errors(metrics.counter("consul.http.accept.errors",
                                    "Failures to accept, for want of descriptors or memory.")),
      requests_malformed(metrics.counter("consul.http.requests.refused",
                                         "Requests refused before they reached a handler.")),
      timeouts(metrics.counter("consul.http.timeouts",
                               "Connections closed for slow headers, bodies or readers.")),
      connections(metrics.gauge("consul.http.connections.open", "Open HTTP connections.")),
      parked(metrics.gauge("consul.http.queries.blocking", "Blocking queries that wait.")) {
  static_assert(std::size(path_classes) <= path_classes_max);
  static_assert(std::size(method_names) == method_classes);
  for (std::size_t path = 0; path < std::size(path_classes); ++path) {
    for (std::size_t method = 0; method < method_classes; ++method) {
      latencies_[path][method] = &metrics.histogram(
          "consul.api.http", "Time from a request's last byte to its response, without waits.",
          {{"method", std::string(method_names[method])},
           {"path", path_label(path_classes[path])}});
    }
  }
}

Histogram& ServerMetrics::latency(Method method, std::string_view path) {
  return *latencies_[path_class(path)][method_class(method)];
}

}  // namespace conclave::api
