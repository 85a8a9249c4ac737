#pragma once

/// One client connection's protocol, without its socket: turns operations into bytes and bytes into
/// completions. The driver owns the socket.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace conclave::bench {

struct Operation {
  /// A create writes a new key; most protocols know no difference to a put.
  enum class Kind : std::uint8_t { create, put, get, get_stale, watch };
  Kind kind = Kind::get;
  std::string key;
  std::string value;

  bool is_write() const { return kind == Kind::create || kind == Kind::put; }
};

class Session {
 public:
  virtual ~Session() = default;
  /// Appends the bytes of an operation; at most one is in flight. A watch completes again and
  /// again.
  virtual void begin(const Operation& operation, std::string& out) = 0;
  /// Takes what arrived, appends what the protocol has to say by itself; the number of completions
  /// in it.
  virtual int consume(std::string_view bytes, std::string& out) = 0;
  /// Appends what a polite client says before it closes the connection.
  virtual void end(std::string&) {}
  /// "" while all went well; else what the server answered.
  virtual const std::string& failure() const = 0;
};

/// Consul's API over HTTP/1.1 with keep-alive.
std::unique_ptr<Session> make_http_session();
/// etcd's API, gRPC over HTTP/2.
std::unique_ptr<Session> make_etcd_session();
/// ZooKeeper's own protocol. Keys lie below bench/; its reads are always of the server's own state.
std::unique_ptr<Session> make_zookeeper_session();

}  // namespace conclave::bench
