#pragma once

/// One outgoing connection with one deadline: TCP or a UNIX socket, in the clear or through TLS.
/// What health checks and the HTTP client are made of. Loop thread only.
///
/// A connection to this machine is there when connect() returns, and most checks look at this
/// machine: until something has to be waited for, neither a timer nor the loop knows of it.
///
/// Errors read as Go's, for which Consul's users grep: `dial tcp 127.0.0.1:1: connect: connection
/// refused`, `dial tcp: lookup web.example: no such host`, `read tcp 10.0.0.1:80: connection reset
/// by peer`.

#include <boost/asio/ip/basic_resolver.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/duration.h"
#include "base/core/result.h"
#include "base/net/tls_context.h"
#include "base/net/tls_stream.h"
#include "base/run/file.h"
#include "base/run/loop.h"
#include "base/run/sleep.h"
#include "base/run/waiter.h"

namespace conclave {

/// A handshake that takes longer has failed, whatever the deadline: Go's transport has the same.
inline constexpr Nanos tls_handshake_limit = std::chrono::seconds(10);

/// Where a connection may lead. Whoever can register a check chooses an address that we then visit
/// from inside his network: what clouds tell their machines at 169.254.169.254 and fd00:ec2::254
/// (credentials, among others) is not for him.
enum class Reach : std::uint8_t { anywhere, no_metadata };

/// Shared: the deadline's timer and a name lookup that cannot be interrupted may outlive the
/// caller's interest. Keep a pointer while a member task runs.
class Connection : public std::enable_shared_from_this<Connection> {
  struct Private {};

 public:
  /// `deadline`: by Clock::boot_now(); everything under way then fails and the socket is closed.
  static std::shared_ptr<Connection> create(Loop& loop, Nanos deadline,
                                            Reach reach = Reach::anywhere);
  Connection(Private, Loop& loop, Nanos deadline, Reach reach);

  /// Tries every address of the name; the first failure is the one that is told. What is judged by
  /// `reach` are these addresses, not the name, which may mean another one the next time.
  Task<Result<void>> dial_tcp(std::string host, std::uint16_t port);
  Task<Result<void>> dial_unix(std::string path);
  /// Once connected; whatever is read and written from then on is protected. `name`: what the
  /// certificate has to be for.
  Task<Result<void>> start_tls(std::shared_ptr<TlsContext> context, std::string name);

  /// 0 at the end of what the peer has to say.
  Task<Result<std::size_t>> read_some(std::span<char> into);
  /// `bytes` stay valid until it is done.
  Task<Result<void>> write(std::string_view bytes);
  /// Says goodbye where TLS wants it and closes; the deadline is void.
  void close();
  /// Hands out the connected socket, in the clear; the deadline is void.
  StreamSocket take_socket();

  /// The first answer may be noticed some milliseconds after it is there. It mostly is by then, if
  /// the peer is this machine, and the loop need not hear of the socket at all; answers to many
  /// questions that are asked together are noticed together.
  void be_patient() { patient_ = true; }

  bool timed_out() const { return timed_out_; }
  /// See TlsStream.
  bool peer_speaks_http() const { return tls_ != nullptr && tls_->peer_speaks_http(); }

 private:
  using Endpoint = boost::asio::generic::stream_protocol::endpoint;

  void arm(Nanos until);
  /// From now on the loop watches the socket, and the deadline counts.
  void attach();
  Task<void> pause();
  /// What is there already; nullopt: nothing.
  std::optional<Result<std::size_t>> read_now(std::span<char> into);
  Error read_error(int error) const;
  Task<Result<void>> look_up(std::string host, std::uint16_t port);
  Task<Result<void>> connect();
  /// 0 or errno.
  Task<int> connect_to(Endpoint endpoint);
  /// What is dialled, for error texts: "tcp 127.0.0.1:80".
  std::string where() const;

  const Nanos deadline_;
  const Reach reach_;
  /// The socket until attach(), then none.
  Descriptor unwatched_;
  StreamSocket socket_;
  std::unique_ptr<TlsStream> tls_;
  Timer timer_;
  std::optional<boost::asio::ip::basic_resolver<boost::asio::ip::tcp, Executor>> resolver_;
  Waiter resolved_;
  bool patient_ = false;
  bool timed_out_ = false;
  bool resolving_ = false;
  bool no_such_host_ = false;
  std::vector<Endpoint> endpoints_;
  Endpoint dialled_;
};

}  // namespace conclave
