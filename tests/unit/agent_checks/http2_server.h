#pragma once

/// A server on a free port of 127.0.0.1 that speaks HTTP/2 by nghttp2, in the clear or through TLS
/// by OpenSSL alone, with blocking calls on a thread of its own. One connection at a time.

#include <cstdint>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/tls_server/authority.h"

struct ssl_ctx_st;
struct ssl_st;

namespace conclave::agent {

using Http2Fields = std::vector<std::pair<std::string, std::string>>;

struct Http2Manners {
  /// Not empty: TLS with this certificate.
  Identity identity{};
  /// The answer to every request: head, body, and what follows the body.
  Http2Fields head{{":status", "200"}, {"content-type", "application/grpc"}};
  std::string body{};
  Http2Fields trailers{{"grpc-status", "0"}};
  /// Requests are broken off with this code instead; 0 for an answer.
  std::uint32_t reset = 0;
  /// Not empty: these bytes are sent as they are, once the client has begun, and nothing is read.
  std::string junk{};
  bool silent = false;    ///< Accepts connections and never says a word.
  bool hangs_up = false;  ///< Closes when the client has begun.
};

class Http2Server {
 public:
  explicit Http2Server(Http2Manners manners);
  ~Http2Server();
  Http2Server(const Http2Server&) = delete;
  Http2Server& operator=(const Http2Server&) = delete;

  std::string host_port() const { return "127.0.0.1:" + std::to_string(port_); }
  /// Ends the thread; what was seen is complete then.
  void stop();

  struct Seen {
    std::map<std::string, std::string> head;
    std::string body;
    std::string protocol;  ///< What ALPN chose.
  };
  const std::vector<Seen>& seen() const { return seen_; }

 private:
  struct Talk;
  void run();
  void serve(int client);
  void talk(int client, ssl_st* session);

  const Http2Manners manners_;
  ssl_ctx_st* context_ = nullptr;
  int listening_ = -1;
  std::uint16_t port_ = 0;
  std::vector<Seen> seen_;
  std::thread thread_;
};

}  // namespace conclave::agent
