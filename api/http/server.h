#pragma once

/// The HTTP/1.1 server: accepts, parses with Beast into own buffers, calls the handler, answers
/// with a prebuilt head and one gathered write. One instance per loop; several may share a
/// listening socket (dup). Limits are taken before bodies are read (contract 1.6).

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "api/http/message.h"
#include "base/core/result.h"
#include "base/run/loop.h"
#include "base/run/metrics.h"

namespace conclave::api {

struct HttpLimits {
  std::uint32_t header_bytes_max = 16 * 1024;  ///< Else 431.
  std::uint64_t body_bytes_max = 64ull
                                 << 20;  ///< Of bodies in memory; each route has a lower limit.
  std::uint32_t connections_per_client_max =
      200;  ///< limits.http_max_conns_per_client; else raw 429 and close.
  std::uint32_t header_timeout_ms = 10'000;  ///< First byte of a request to end of its headers.
  std::uint32_t body_timeout_ms = 30'000;
  std::uint32_t idle_timeout_ms =
      0;  ///< Keep-alive connections between requests; 0 = keep-alive probes only.
  std::uint32_t write_timeout_ms = 30'000;
  std::uint32_t pipelined_bytes_max = 8 * 1024;  ///< Kept while a query is parked.
};

class HttpServer {
 public:
  /// What answers requests. body_limit is asked after the headers and before the body: the route's
  /// limit in bytes; handle is called with the whole request.
  class Handler {
   public:
    virtual ~Handler() = default;
    virtual Task<Response> handle(Request request) = 0;
    /// Largest body this target accepts, and the response for larger ones (contract 3, PUT: 413
    /// with the declared size).
    virtual std::uint64_t body_limit(const Request& head) const = 0;
    /// Where the body of this request goes instead of into memory; nullptr: nowhere else. With a
    /// sink, HttpLimits::body_bytes_max does not count.
    virtual std::shared_ptr<BodySink> body_sink(const Request& head) const {
      static_cast<void>(head);
      return nullptr;
    }
    virtual Response body_too_large(const Request& head, std::uint64_t declared_bytes) const = 0;
  };

  HttpServer(Loop& loop, HttpLimits limits, Handler& handler, Metrics& metrics);
  ~HttpServer();

  /// Serves a listening TCP or UNIX socket (an open, bound, listening descriptor; the server owns
  /// it from now on).
  void serve(int listening_descriptor);
  /// Another limit for connections that come from now on. Loop thread.
  void limit_connections_per_client(std::uint32_t most);
  /// Stops accepting, closes idle and parked connections, lets running responses finish for at most
  /// `grace`. Loop thread.
  Task<void> stop(Nanos grace);

  std::uint64_t open_connections() const;
  std::uint64_t parked_queries() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Binds and listens: "127.0.0.1", 8500, or a "unix:///path" address. Errors name the address and
/// what to do (port in use, no permission).
Result<int> listen_tcp(const std::string& address, std::uint16_t port);
Result<int> listen_unix(const std::string& path);

}  // namespace conclave::api
