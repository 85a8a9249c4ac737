#include "base/net/tls_stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <boost/asio/post.hpp>

#include "base/core/assert.h"
#include "base/net/socket_bio.h"
#include "base/net/tls_error.h"
#include "base/net/x509_error.h"

namespace conclave {

namespace {

/// SSL_read and SSL_write count in int; a record holds 16 KiB anyway.
constexpr std::size_t piece_max = std::size_t{64} * 1024;

}  // namespace

struct TlsStream::State {
  StreamSocket& socket;
  TlsContext::Session session;
  std::string name;
  SocketBio bio{};
  /// Why the certificate was refused.
  std::string refusal{};

  /// Called by OpenSSL for each certificate and each fault found.
  static int judge(int good, X509_STORE_CTX* chain) {
    if (good == 1) return 1;
    const auto* session =
        static_cast<SSL*>(X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto* state = static_cast<State*>(SSL_get_app_data(session));
    state->refusal = x509_error(chain, state->name);
    return 0;
  }

  Error failure(int kind) {
    if (bio.error != 0) return {ErrorCode::io, system_error(bio.error)};
    if (kind != SSL_ERROR_SSL) return {ErrorCode::io, "tls: broken connection"};
    // Whatever the queue says beside it.
    if (!refusal.empty()) {
      return {ErrorCode::denied, "tls: failed to verify certificate: " + refusal};
    }
    return {ErrorCode::io, tls_error(ERR_peek_last_error())};
  }
};

TlsStream::TlsStream(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsStream::~TlsStream() = default;

Result<std::unique_ptr<TlsStream>> TlsStream::make(StreamSocket& socket,
                                                   TlsContext::Session session, std::string name) {
  auto state = std::make_unique<State>(socket, std::move(session), std::move(name));
  state->bio.descriptor = [&socket] { return socket.native_handle(); };
  boost::system::error_code error;
  socket.native_non_blocking(true, error);
  SSL* raw = state->session.get();
  if (error || !attach(raw, state->bio)) {
    return fail(ErrorCode::failed, "tls: the connection cannot be set up");
  }
  SSL_set_app_data(raw, state.get());
  return std::unique_ptr<TlsStream>(new TlsStream(std::move(state)));
}

Result<std::unique_ptr<TlsStream>> TlsStream::client(StreamSocket& socket, TlsContext& context,
                                                     std::string name) {
  CONCLAVE_TRY_ASSIGN(TlsContext::Session session, context.new_client(name));
  SSL* raw = session.get();
  SSL_set_verify(raw, SSL_get_verify_mode(raw), &State::judge);
  SSL_set_connect_state(raw);
  return make(socket, std::move(session), std::move(name));
}

Result<std::unique_ptr<TlsStream>> TlsStream::keyed_client(StreamSocket& socket,
                                                           TlsKeyring& keyring) {
  CONCLAVE_TRY_ASSIGN(TlsContext::Session session, keyring.new_client());
  SSL_set_connect_state(session.get());
  return make(socket, std::move(session), "");
}

Result<std::unique_ptr<TlsStream>> TlsStream::keyed_server(StreamSocket& socket,
                                                           TlsKeyring& keyring) {
  CONCLAVE_TRY_ASSIGN(TlsContext::Session session, keyring.new_server());
  SSL_set_accept_state(session.get());
  return make(socket, std::move(session), "");
}

template <class Call>
Task<Result<int>> TlsStream::carry_out(Call call) {
  for (;;) {
    ERR_clear_error();
    const int done = call(state_->session.get());
    if (done > 0) co_return done;
    const int kind = SSL_get_error(state_->session.get(), done);
    if (kind == SSL_ERROR_ZERO_RETURN) co_return 0;
    const bool wants_read = kind == SSL_ERROR_WANT_READ;
    if (!wants_read && kind != SSL_ERROR_WANT_WRITE) {
      if (state_->bio.ended && state_->bio.error == 0) co_return 0;
      co_return std::unexpected(state_->failure(kind));
    }
    const auto direction = wants_read ? StreamSocket::wait_read : StreamSocket::wait_write;
    const auto [error] = co_await state_->socket.async_wait(direction, as_result);
    if (error) co_return fail(ErrorCode::io, system_error(error.value()));
  }
}

Task<Result<void>> TlsStream::handshake() {
  const Result<int> done =
      co_await carry_out([](SSL* session) { return SSL_do_handshake(session); });
  if (!done) co_return std::unexpected(done.error());
  if (*done == 0) co_return fail(ErrorCode::io, "EOF");
  co_return Result<void>();
}

Task<Result<std::size_t>> TlsStream::read_some(std::span<char> into) {
  const int room = static_cast<int>(std::min(into.size(), piece_max));
  CONCLAVE_ASSERT(room > 0);
  // A fast peer must not hold the loop: unlike Asio's reads, OpenSSL's may never have to wait.
  co_await boost::asio::post(state_->socket.get_executor(),
                             boost::asio::use_awaitable_t<Executor>{});
  const Result<int> done = co_await carry_out(
      [into, room](SSL* session) { return SSL_read(session, into.data(), room); });
  if (!done) co_return std::unexpected(done.error());
  co_return static_cast<std::size_t>(*done);
}

Task<Result<void>> TlsStream::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, piece_max);
    const Result<int> done = co_await carry_out([piece](SSL* session) {
      return SSL_write(session, piece.data(), static_cast<int>(piece.size()));
    });
    if (!done) co_return std::unexpected(done.error());
    if (*done == 0) co_return fail(ErrorCode::io, "EOF");
    bytes.remove_prefix(static_cast<std::size_t>(*done));
  }
  co_return Result<void>();
}

void TlsStream::say_goodbye() {
  ERR_clear_error();
  SSL_shutdown(state_->session.get());
  ERR_clear_error();
}

bool TlsStream::peer_speaks_http() const { return state_->bio.opening == "HTTP/"; }

}  // namespace conclave
