#pragma once

/// What all connections of one kind to TLS servers share: whom to trust and who we are. OpenSSL's
/// own objects stay inside base/net.

#include <memory>
#include <string>
#include <vector>

#include "base/core/result.h"

struct ssl_ctx_st;
struct ssl_st;

namespace conclave {

struct TlsOptions {
  /// PEM file of the authorities to trust. Empty: those of `ca_path`; both empty: the system's
  /// (SSL_CERT_FILE and SSL_CERT_DIR are honoured).
  std::string ca_file;
  /// Every file below this directory is read, whatever its name.
  std::string ca_path;
  /// Our own certificate (chain) and its key, PEM; empty for none.
  std::string certificate_file;
  std::string key_file;
  /// False accepts any certificate: the bytes are hidden from listeners, the peer is anybody.
  bool verify = true;
  /// What may be spoken through it, offered by ALPN with the best liked first ("h2"); empty:
  /// nothing is offered.
  std::vector<std::string> protocols;

  friend bool operator==(const TlsOptions&, const TlsOptions&) = default;
};

/// TLS 1.2 and 1.3; AEAD suites with forward secrecy; no compression, no renegotiation, no resumed
/// sessions. Files are read at the first connection, so that programs that make none pay nothing; a
/// failure is told then and tried again by the next one. One loop at a time.
class TlsContext {
 public:
  explicit TlsContext(TlsOptions options = {}) : options_(std::move(options)) {}

  const TlsOptions& options() const { return options_; }

  struct Release {
    void operator()(ssl_ctx_st* context) const;
    void operator()(ssl_st* session) const;
  };
  using Session = std::unique_ptr<ssl_st, Release>;

  /// A client's side of one connection to `name`, host name or IP address: what is asked for (SNI,
  /// names only) and, with verify, what the certificate has to be for.
  Result<Session> new_client(const std::string& name);

 private:
  const TlsOptions options_;
  std::unique_ptr<ssl_ctx_st, Release> context_;
};

}  // namespace conclave
