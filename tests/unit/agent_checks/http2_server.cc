#include "tests/unit/agent_checks/http2_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <nghttp2/nghttp2.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace conclave::agent {
namespace {

/// No healthy run comes near it.
constexpr timeval patience{10, 0};

void require(bool done, const char* what) {
  if (!done) throw std::runtime_error(what);
}

std::string text_of(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

nghttp2_nv field_of(const std::pair<std::string, std::string>& field) {
  const auto bytes = [](const std::string& text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  };
  return {bytes(field.first), bytes(field.second), field.first.size(), field.second.size(),
          NGHTTP2_NV_FLAG_NONE};
}

std::vector<nghttp2_nv> fields_of(const Http2Fields& fields) {
  std::vector<nghttp2_nv> made(fields.size());
  std::ranges::transform(fields, made.begin(), field_of);
  return made;
}

/// Only "h2" will do.
int choose(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
           unsigned offered_size, void*) {
  static constexpr unsigned char wanted[] = {2, 'h', '2'};
  const int done = SSL_select_next_proto(const_cast<unsigned char**>(chosen), size, wanted,
                                         sizeof wanted, offered, offered_size);
  return done == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

SSL_CTX* new_context(const Identity& identity) {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  BIO* in = BIO_new_mem_buf(identity.certificate.data(), -1);
  X509* certificate = PEM_read_bio_X509(in, nullptr, nullptr, nullptr);
  BIO_free(in);
  in = BIO_new_mem_buf(identity.key.data(), -1);
  EVP_PKEY* key = PEM_read_bio_PrivateKey(in, nullptr, nullptr, nullptr);
  BIO_free(in);
  require(SSL_CTX_use_certificate(context, certificate) == 1, "use certificate");
  require(SSL_CTX_use_PrivateKey(context, key) == 1, "use key");
  X509_free(certificate);
  EVP_PKEY_free(key);
  SSL_CTX_set_alpn_select_cb(context, choose, nullptr);
  return context;
}

}  // namespace

/// What nghttp2's callbacks work on.
struct Http2Server::Talk {
  const Http2Manners* manners;
  Seen seen;
  std::size_t sent = 0;

  static Talk& of(void* user) { return *static_cast<Talk*>(user); }

  static int on_header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                       std::uint8_t, void* user) {
    of(user).seen.head[text_of(name, name_size)] = text_of(value, value_size);
    return 0;
  }

  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t, const std::uint8_t* bytes,
                     std::size_t size, void* user) {
    of(user).seen.body += text_of(bytes, size);
    return 0;
  }

  static ssize_t give_body(nghttp2_session* session, std::int32_t stream, std::uint8_t* to,
                           std::size_t room, std::uint32_t* flags, nghttp2_data_source*,
                           void* user) {
    Talk& me = of(user);
    const std::size_t size = std::min(room, me.manners->body.size() - me.sent);
    std::memcpy(to, me.manners->body.data() + me.sent, size);
    me.sent += size;
    if (me.sent < me.manners->body.size()) return static_cast<ssize_t>(size);
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (!me.manners->trailers.empty()) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      const auto fields = fields_of(me.manners->trailers);
      nghttp2_submit_trailer(session, stream, fields.data(), fields.size());
    }
    return static_cast<ssize_t>(size);
  }

  static int on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    const Talk& me = of(user);
    const bool whole = (frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS) &&
                       (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (!whole) return 0;
    if (me.manners->reset != 0) {
      return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
                                       me.manners->reset);
    }
    const auto fields = fields_of(me.manners->head);
    nghttp2_data_provider body{};
    body.read_callback = give_body;
    return nghttp2_submit_response(session, frame->hd.stream_id, fields.data(), fields.size(),
                                   &body);
  }

  nghttp2_session* new_session() {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session* session = nullptr;
    nghttp2_session_server_new(&session, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, nullptr, 0);
    return session;
  }
};

Http2Server::Http2Server(Http2Manners manners) : manners_(std::move(manners)) {
  if (!manners_.identity.key.empty()) context_ = new_context(manners_.identity);
  listening_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  require(::bind(listening_, raw, size) == 0 && ::listen(listening_, 16) == 0, "listen");
  require(::getsockname(listening_, raw, &size) == 0, "port");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { run(); });
}

Http2Server::~Http2Server() {
  stop();
  ::close(listening_);
  SSL_CTX_free(context_);
}

void Http2Server::stop() {
  ::shutdown(listening_, SHUT_RDWR);
  if (thread_.joinable()) thread_.join();
}

void Http2Server::run() {
  // OpenSSL writes with write(2): a client that has gone must not end the test.
  sigset_t pipes;
  sigemptyset(&pipes);
  sigaddset(&pipes, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipes, nullptr);
  for (;;) {
    const int client = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) return;
    ::setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    serve(client);
    ::close(client);
  }
}

void Http2Server::serve(int client) {
  char bytes[4096];
  if (manners_.silent) {
    while (::recv(client, bytes, sizeof bytes, 0) > 0) {
    }
    return;
  }
  if (manners_.hangs_up || !manners_.junk.empty()) {
    (void)::recv(client, bytes, sizeof bytes, 0);
    (void)::send(client, manners_.junk.data(), manners_.junk.size(), MSG_NOSIGNAL);
    ::shutdown(client, SHUT_WR);
    while (::recv(client, bytes, sizeof bytes, 0) > 0) {
    }
    return;
  }
  SSL* session = nullptr;
  if (context_ != nullptr) {
    session = SSL_new(context_);
    SSL_set_fd(session, client);
    if (SSL_accept(session) != 1) {
      // So that the alert is read before the connection is reset.
      ::shutdown(client, SHUT_WR);
      while (::recv(client, bytes, sizeof bytes, 0) > 0) {
      }
      SSL_free(session);
      ERR_clear_error();
      return;
    }
  }
  talk(client, session);
  SSL_free(session);
  ERR_clear_error();
}

void Http2Server::talk(int client, SSL* tls) {
  Talk talk{.manners = &manners_};
  if (tls != nullptr) {
    const unsigned char* chosen = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(tls, &chosen, &size);
    talk.seen.protocol = text_of(chosen, size);
  }
  nghttp2_session* session = talk.new_session();
  std::uint8_t bytes[4096];
  for (;;) {
    const std::uint8_t* out = nullptr;
    ssize_t size = 0;
    while ((size = nghttp2_session_mem_send(session, &out)) > 0) {
      const auto all = static_cast<std::size_t>(size);
      tls != nullptr ? (void)SSL_write(tls, out, static_cast<int>(all))
                     : (void)::send(client, out, all, MSG_NOSIGNAL);
    }
    const ssize_t got = tls != nullptr ? SSL_read(tls, bytes, sizeof bytes)
                                       : ::recv(client, bytes, sizeof bytes, 0);
    if (got <= 0) break;
    if (nghttp2_session_mem_recv(session, bytes, static_cast<std::size_t>(got)) < 0) break;
  }
  nghttp2_session_del(session);
  seen_.push_back(std::move(talk.seen));
}

}  // namespace conclave::agent
