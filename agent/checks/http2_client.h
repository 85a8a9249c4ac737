#pragma once

/// One HTTP/2 connection to what a check looks at: nghttp2 speaks the protocol, a Connection
/// carries the bytes and has the deadline. What h2ping and gRPC checks are made of. Agent loop.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/http/message.h"
#include "base/core/result.h"
#include "base/net/connection.h"
#include "base/run/loop.h"

struct nghttp2_session;

namespace conclave::agent {

struct Http2Request {
  std::string scheme;  ///< "http" or "https".
  std::string authority;
  std::string path;
  std::vector<api::Header> headers;  ///< Names in lower case.
  std::string body;
};

struct Http2Response {
  int status = 0;
  /// Of the head and after the body alike; names in lower case, the last of a name counts.
  std::map<std::string, std::string> headers;
  std::string body;
  /// How the stream ended: 0, or the code of HTTP/2 with which the server broke it off.
  std::uint32_t reset = 0;
};

class Http2Client {
 public:
  /// `connection` is up, through TLS or in the clear; prior knowledge, no upgrade.
  explicit Http2Client(std::shared_ptr<Connection> connection);
  ~Http2Client();
  Http2Client(const Http2Client&) = delete;
  Http2Client& operator=(const Http2Client&) = delete;

  /// Done when the server has acknowledged a PING. One call of ping() or post() in the life of a
  /// client, which stays alive meanwhile. Errors read as Go's.
  Task<Result<void>> ping();
  /// A response of more than 16 KiB of headers or 64 KiB of body is an error.
  Task<Result<Http2Response>> post(Http2Request request);

 private:
  struct Exchange;
  /// Writes and reads until `done`, a member of the exchange, is true.
  Task<Result<void>> run_until(const bool* done);
  Task<Result<void>> flush();
  Result<void> receive(std::string_view bytes);

  struct Release {
    void operator()(nghttp2_session* session) const;
  };
  const std::shared_ptr<Connection> connection_;
  const std::unique_ptr<Exchange> exchange_;
  std::unique_ptr<nghttp2_session, Release> session_;
};

}  // namespace conclave::agent
