#pragma once

/// A server on a free port of 127.0.0.1 that speaks TLS by OpenSSL alone, with blocking calls on a
/// thread of its own, so that our code is not tested against itself. One connection at a time.

#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "tests/tls_server/authority.h"

struct ssl_ctx_st;
struct ssl_st;

namespace conclave {

enum class TlsManners : std::uint8_t {
  echo,         ///< Sends back what it gets, until the client says goodbye; says goodbye too.
  http,         ///< Reads one head, answers, says goodbye and closes.
  http_abrupt,  ///< The same, and closes without a goodbye.
  silent,       ///< Accepts the connection and never says a word.
  plain_http,   ///< Answers in the clear, like a web server asked by the wrong scheme.
  hang_up,      ///< Closes as soon as the client has begun.
};

struct TlsServerOptions {
  Identity identity{};
  TlsManners manners = TlsManners::echo;
  /// What http answers, whole.
  std::string response = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine";
  /// When not empty: only clients with a certificate of this authority (PEM) are served.
  std::string client_authority{};
  int version_min = 0;  ///< TLS1_2_VERSION, ...; 0 = anything.
  int version_max = 0;
};

class TlsServer {
 public:
  explicit TlsServer(TlsServerOptions options);
  ~TlsServer();
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  std::uint16_t port() const { return port_; }
  std::string host_port() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string url(const std::string& path = "/") const { return "https://" + host_port() + path; }

  /// Ends the thread; what was seen is complete then.
  void stop();
  /// Of each connection that was shaken hands on: the name asked for, "" for none; the version; and
  /// whether the client said goodbye.
  struct Seen {
    std::string name;
    std::string version;
    bool goodbye = false;
    std::string first_bytes;
  };
  const std::vector<Seen>& seen() const { return seen_; }

 private:
  void run();
  void serve(int client);
  void talk(ssl_st* session, Seen& seen) const;

  const TlsServerOptions options_;
  ssl_ctx_st* context_ = nullptr;
  int listening_ = -1;
  std::uint16_t port_ = 0;
  std::vector<Seen> seen_;
  std::thread thread_;
};

}  // namespace conclave
