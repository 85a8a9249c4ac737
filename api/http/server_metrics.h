#pragma once

/// What the HTTP server counts: one latency histogram per path class and method under Consul's name
/// (consul.api.http), and counters for what went wrong. One object per server, written on its loop
/// only.

#include <array>
#include <cstdint>
#include <string_view>

#include "api/http/message.h"
#include "base/run/metrics.h"

namespace conclave::api {

class ServerMetrics {
 public:
  explicit ServerMetrics(Metrics& metrics);

  /// The class is the word after /v1/ ("kv", "health"), "other" for the rest.
  Histogram& latency(Method method, std::string_view path);

  Counter& requests;
  Counter& connections_accepted;
  Counter& connections_refused;  ///< Over the limit per client address.
  Counter& accept_errors;        ///< Out of descriptors.
  Counter& requests_malformed;   ///< Answered by the server itself: 400, 413, 431, ...
  Counter& timeouts;             ///< Closed by the sweep.
  Gauge& connections;
  Gauge& parked;

 private:
  static constexpr std::size_t method_classes = 4;
  static constexpr std::size_t path_classes_max = 20;
  std::array<std::array<Histogram*, method_classes>, path_classes_max> latencies_{};
};

}  // namespace conclave::api
