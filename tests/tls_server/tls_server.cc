#include "tests/tls_server/tls_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>
#include <utility>

namespace conclave {
namespace {

/// No healthy run comes near it.
constexpr timeval patience{10, 0};

void require(bool done, const char* what) {
  if (!done) throw std::runtime_error(what);
}

BIO* memory_of(const std::string& text) {
  return BIO_new_mem_buf(text.data(), static_cast<int>(text.size()));
}

X509* read_certificate(const std::string& pem) {
  BIO* in = memory_of(pem);
  X509* made = PEM_read_bio_X509(in, nullptr, nullptr, nullptr);
  BIO_free(in);
  require(made != nullptr, "certificate");
  return made;
}

void use_identity(SSL_CTX* context, const Identity& identity) {
  X509* certificate = read_certificate(identity.certificate);
  BIO* in = memory_of(identity.key);
  EVP_PKEY* key = PEM_read_bio_PrivateKey(in, nullptr, nullptr, nullptr);
  BIO_free(in);
  require(SSL_CTX_use_certificate(context, certificate) == 1, "use certificate");
  require(SSL_CTX_use_PrivateKey(context, key) == 1, "use key");
  X509_free(certificate);
  EVP_PKEY_free(key);
}

void demand_certificates(SSL_CTX* context, const std::string& authority) {
  X509* certificate = read_certificate(authority);
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate);
  X509_free(certificate);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
}

void drain(int client) {
  char bytes[4096];
  while (::recv(client, bytes, sizeof bytes, 0) > 0) {
  }
}

}  // namespace

TlsServer::TlsServer(TlsServerOptions options) : options_(std::move(options)) {
  context_ = SSL_CTX_new(TLS_server_method());
  require(context_ != nullptr, "context");
  // Old versions have to be asked for loudly.
  if (options_.version_max != 0 && options_.version_max < TLS1_2_VERSION) {
    SSL_CTX_set_security_level(context_, 0);
  }
  SSL_CTX_set_min_proto_version(context_, options_.version_min);
  SSL_CTX_set_max_proto_version(context_, options_.version_max);
  if (!options_.identity.key.empty()) use_identity(context_, options_.identity);
  if (!options_.client_authority.empty()) demand_certificates(context_, options_.client_authority);
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

TlsServer::~TlsServer() {
  stop();
  ::close(listening_);
  SSL_CTX_free(context_);
}

void TlsServer::stop() {
  ::shutdown(listening_, SHUT_RDWR);
  if (thread_.joinable()) thread_.join();
}

void TlsServer::run() {
  // OpenSSL writes with write(2): a client that has gone must not end the test.
  sigset_t pipes;
  sigemptyset(&pipes);
  sigaddset(&pipes, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipes, nullptr);
  for (;;) {
    const int client = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) return;
    ::setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    serve(client);
    ::close(client);
  }
}

void TlsServer::serve(int client) {
  char bytes[4096];
  if (options_.manners == TlsManners::silent) return drain(client);
  if (options_.manners == TlsManners::hang_up) {
    (void)::recv(client, bytes, sizeof bytes, 0);
    return;
  }
  if (options_.manners == TlsManners::plain_http) {
    (void)::recv(client, bytes, sizeof bytes, 0);
    const std::string answer = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
    (void)::send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
    ::shutdown(client, SHUT_WR);
    return drain(client);
  }
  SSL* session = SSL_new(context_);
  SSL_set_fd(session, client);
  if (SSL_accept(session) == 1) {
    Seen seen;
    const char* name = SSL_get_servername(session, TLSEXT_NAMETYPE_host_name);
    seen.name = name == nullptr ? "" : name;
    seen.version = SSL_get_version(session);
    talk(session, seen);
    seen_.push_back(std::move(seen));
  } else {
    // So that the alert is read before the connection is reset.
    ::shutdown(client, SHUT_WR);
    drain(client);
  }
  SSL_free(session);
  ERR_clear_error();
}

void TlsServer::talk(SSL* session, Seen& seen) const {
  char bytes[16384];
  std::string got;
  for (;;) {
    const int size = SSL_read(session, bytes, sizeof bytes);
    if (size <= 0) break;
    if (seen.first_bytes.empty()) seen.first_bytes.assign(bytes, static_cast<std::size_t>(size));
    if (options_.manners == TlsManners::echo) {
      SSL_write(session, bytes, size);
      continue;
    }
    got.append(bytes, static_cast<std::size_t>(size));
    if (!got.contains("\r\n\r\n")) continue;
    seen.first_bytes = got;
    SSL_write(session, options_.response.data(), static_cast<int>(options_.response.size()));
    if (options_.manners == TlsManners::http_abrupt) return;
    SSL_shutdown(session);
    // The client's own goodbye, or the end of the connection.
    while (SSL_read(session, bytes, sizeof bytes) > 0) {
    }
    break;
  }
  seen.goodbye = (SSL_get_shutdown(session) & SSL_RECEIVED_SHUTDOWN) != 0;
  if (options_.manners == TlsManners::echo) SSL_shutdown(session);
}

}  // namespace conclave
