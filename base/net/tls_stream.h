#pragma once

/// TLS over a socket of ours. OpenSSL reads and writes the non-blocking socket itself and Asio only
/// waits for it to become ready: no second set of buffers (asio::ssl::stream keeps 34 KiB a
/// connection), and OpenSSL frees its own while a connection is idle.
///
/// Deadlines are the owner's: closing the socket ends every wait, with an error. base/net's
/// Connection does that for outgoing ones.

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/core/result.h"
#include "base/net/tls_context.h"
#include "base/net/tls_keyring.h"
#include "base/run/loop.h"

namespace conclave {

/// TCP and UNIX sockets alike.
using StreamSocket =
    boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol, Executor>;

/// One side of one TLS connection. Loop thread only; one read and one write at a time. Must stay
/// alive until the operations under way are done, or be destroyed together with their loop.
class TlsStream {
 public:
  /// `socket` is connected and outlives the stream. `name`: see TlsContext::new_client().
  static Result<std::unique_ptr<TlsStream>> client(StreamSocket& socket, TlsContext& context,
                                                   std::string name);
  /// Between members of a cluster. The keyring outlives the stream too.
  static Result<std::unique_ptr<TlsStream>> keyed_client(StreamSocket& socket, TlsKeyring& keyring);
  static Result<std::unique_ptr<TlsStream>> keyed_server(StreamSocket& socket, TlsKeyring& keyring);
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  /// Errors read as Go's: `tls: failed to verify certificate: x509: certificate signed by unknown
  /// authority`, `remote error: tls: handshake failure`, `EOF`.
  Task<Result<void>> handshake();
  /// 0 at the end: the peer said so, or, as Go has it, just closed the connection.
  Task<Result<std::size_t>> read_some(std::span<char> into);
  /// Everything. `bytes` stays valid until then.
  Task<Result<void>> write(std::string_view bytes);
  /// Tells the peer that no more will come, without waiting for its answer; what cannot be sent at
  /// once is not sent.
  void say_goodbye();

  /// The handshake failed because the peer answered in HTTP.
  bool peer_speaks_http() const;

 private:
  struct State;
  explicit TlsStream(std::unique_ptr<State> state);
  static Result<std::unique_ptr<TlsStream>> make(StreamSocket& socket, TlsContext::Session session,
                                                 std::string name);
  /// Repeats one call of OpenSSL until it is done; 0: the connection has ended.
  template <class Call>
  Task<Result<int>> carry_out(Call call);

  std::unique_ptr<State> state_;
};

}  // namespace conclave
