#pragma once

/// The cluster's keys (`encrypt`): whoever has one may connect, and nobody else can read along. TLS
/// 1.3 with an external pre-shared key and ECDHE (RFC 8446 section 2.2), so that what was recorded
/// stays secret when a key is stolen later; no certificates.

#include <memory>
#include <string>
#include <vector>

#include "base/core/result.h"
#include "base/net/tls_context.h"

namespace conclave {

/// As the configuration has it: base64 of 16, 24 or 32 bytes. The error does not repeat the key.
Result<std::string> decode_encrypt_key(std::string_view base64);

/// Several keys are good at once, so that they can be changed one server after the other: add the
/// new one everywhere, use it everywhere, remove the old one everywhere. What is changed concerns
/// new connections. One loop at a time.
class TlsKeyring {
 public:
  /// `keys`: raw, the first is the one we use ourselves; at least one, each as decode_encrypt_key()
  /// answers.
  explicit TlsKeyring(std::vector<std::string> keys);
  ~TlsKeyring();
  TlsKeyring(const TlsKeyring&) = delete;
  TlsKeyring& operator=(const TlsKeyring&) = delete;

  void set_keys(std::vector<std::string> keys);
  const std::vector<std::string>& keys() const { return keys_; }

  Result<TlsContext::Session> new_client();
  Result<TlsContext::Session> new_server();

  /// What tls_keyring.cc shows OpenSSL of a key: the name it goes by, which tells nothing about it,
  /// and the secret made of it.
  struct Shared {
    std::string identity;
    std::string secret;
  };
  const std::vector<Shared>& shared() const { return shared_; }

 private:
  using ContextPtr = std::unique_ptr<ssl_ctx_st, TlsContext::Release>;
  Result<TlsContext::Session> new_session(ContextPtr& context, bool server);

  std::vector<std::string> keys_;
  std::vector<Shared> shared_;
  ContextPtr client_;
  ContextPtr server_;
};

/// Puts the failure of a handshake between members of a cluster in their terms: which side lacks
/// which key.
Error keyed_handshake_error(const Error& error, bool server);

}  // namespace conclave
