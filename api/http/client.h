#pragma once

/// A small HTTP/1.1 client for health checks and the command line: one request per call, connection
/// not reused.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/http/message.h"
#include "base/core/duration.h"
#include "base/core/result.h"
#include "base/net/connection.h"
#include "base/net/tls_context.h"
#include "base/run/loop.h"

namespace conclave::api {

struct ClientRequest {
  std::string method = "GET";
  std::string url;     ///< http(s)://host:port/path?query, or unix:///path/to/socket with `target`.
  std::string target;  ///< Path and query for unix sockets.
  std::vector<Header> headers;
  std::string body;
  /// Set: the body comes from here instead, piece by piece, body_source_bytes in all; for what is
  /// too large for memory. Not with redirects.
  std::function<Result<std::string>()> body_source = {};
  std::uint64_t body_source_bytes = 0;
  /// Set: takes the body of a 200 instead of its being kept.
  std::function<Result<void>(std::string_view)> body_sink = {};
  Nanos timeout{std::chrono::seconds(10)};
  std::uint64_t body_bytes_max = 64ull << 20;  ///< What is beyond is not kept (truncated = true).
  std::uint32_t redirects_max = 0;
  bool redirects_leave_host = true;  ///< False: one to another host is an error (ports may differ).
  /// For https; none: the system's authorities. Share one among requests, it reads files.
  std::shared_ptr<TlsContext> tls;
  Reach reach = Reach::anywhere;  ///< Of redirects too.
  std::string tls_server_name;    ///< Instead of the URL's host, also after redirects.
  bool patient = false;           ///< Connection::be_patient()
};

struct ClientResponse {
  int status = 0;
  std::string reason;           ///< "OK"
  std::vector<Header> headers;  ///< Names in lower case.
  std::string body;
  bool truncated = false;
  std::string_view header(std::string_view name) const;
};

/// Runs on `loop`, resumes there. Errors read as Go's: `Get "http://...": dial tcp 127.0.0.1:1:
/// connect: connection refused`, `Get "https://...": tls: failed to verify certificate: x509:
/// certificate signed by unknown authority`.
Task<Result<ClientResponse>> http_call(Loop& loop, ClientRequest request);

/// The same for programs without a loop (the command line): blocks the calling thread.
Result<ClientResponse> http_call_blocking(const ClientRequest& request);

}  // namespace conclave::api
