#include "base/net/tls_keyring.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>

#include "base/core/assert.h"
#include "base/core/hash.h"
#include "base/core/text.h"

namespace conclave {
namespace {

constexpr const char* suite = "TLS_AES_256_GCM_SHA384";
/// The same, as on the wire.
constexpr unsigned char suite_id[2] = {0x13, 0x02};
constexpr const char* groups = "X25519:P-256";
constexpr std::size_t identity_hash_bytes = 8;

TlsKeyring::Shared shared_of(const std::string& key) {
  const std::string name = sha256("conclave key identity 1:" + key).substr(0, identity_hash_bytes);
  return {"conclave-1-" + encode_hex(name), sha256("conclave pre-shared key 1:" + key)};
}

/// The key in OpenSSL's clothes: an external one is a session that never was.
SSL_SESSION* session_of(SSL* connection, const TlsKeyring::Shared& key) {
  SSL_SESSION* made = SSL_SESSION_new();
  const auto* secret = reinterpret_cast<const unsigned char*>(key.secret.data());
  if (made != nullptr && SSL_SESSION_set1_master_key(made, secret, key.secret.size()) == 1 &&
      SSL_SESSION_set_cipher(made, SSL_CIPHER_find(connection, suite_id)) == 1 &&
      SSL_SESSION_set_protocol_version(made, TLS1_3_VERSION) == 1) {
    return made;
  }
  SSL_SESSION_free(made);
  return nullptr;
}

const TlsKeyring& keyring_of(SSL* connection) {
  return *static_cast<const TlsKeyring*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(connection)));
}

int find_key(SSL* connection, const unsigned char* identity, std::size_t size, SSL_SESSION** out) {
  const std::string_view name(reinterpret_cast<const char*>(identity), size);
  const auto& keys = keyring_of(connection).shared();
  const auto at = std::ranges::find(keys, name, &TlsKeyring::Shared::identity);
  *out = at == keys.end() ? nullptr : session_of(connection, *at);
  return 1;
}

int use_key(SSL* connection, const EVP_MD* hash, const unsigned char** identity, std::size_t* size,
            SSL_SESSION** out) {
  const TlsKeyring::Shared& key = keyring_of(connection).shared().front();
  *out = session_of(connection, key);
  // Asked a second time with the hash that the server has chosen: there is only ours.
  if (*out == nullptr ||
      (hash != nullptr && hash != SSL_CIPHER_get_handshake_digest(SSL_SESSION_get0_cipher(*out)))) {
    SSL_SESSION_free(*out);
    *out = nullptr;
    return *identity == nullptr ? 1 : 0;
  }
  *identity = reinterpret_cast<const unsigned char*>(key.identity.data());
  *size = key.identity.size();
  return 1;
}

bool configure(SSL_CTX* context, const TlsKeyring* keyring, bool server) {
  if (SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1 ||
      SSL_CTX_set_ciphersuites(context, suite) != 1 ||
      SSL_CTX_set1_groups_list(context, groups) != 1 || SSL_CTX_set_num_tickets(context, 0) != 1) {
    return false;
  }
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_app_data(context, const_cast<TlsKeyring*>(keyring));
  // A server has no certificate and a client trusts none: without a key of ours there is no
  // connection.
  if (server) {
    SSL_CTX_set_psk_find_session_callback(context, find_key);
  } else {
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_psk_use_session_callback(context, use_key);
  }
  return true;
}

}  // namespace

Result<std::string> decode_encrypt_key(std::string_view base64) {
  auto key = decode_base64(base64);
  if (!key) return fail(ErrorCode::bad_request, "Invalid encryption key: it is not base64");
  if (key->size() != 16 && key->size() != 24 && key->size() != 32) {
    return fail(ErrorCode::bad_request,
                "Invalid encryption key: key size must be 16, 24 or 32 "
                "bytes; make one with `conclave keygen`");
  }
  return std::move(*key);
}

TlsKeyring::TlsKeyring(std::vector<std::string> keys) { set_keys(std::move(keys)); }

TlsKeyring::~TlsKeyring() {
  for (std::string& key : keys_) OPENSSL_cleanse(key.data(), key.size());
  for (Shared& key : shared_) OPENSSL_cleanse(key.secret.data(), key.secret.size());
}

void TlsKeyring::set_keys(std::vector<std::string> keys) {
  CONCLAVE_ASSERT_WHY(!keys.empty(), "a keyring has a key to use");
  keys_ = std::move(keys);
  shared_.clear();
  for (const std::string& key : keys_) shared_.push_back(shared_of(key));
}

Result<TlsContext::Session> TlsKeyring::new_client() { return new_session(client_, false); }
Result<TlsContext::Session> TlsKeyring::new_server() { return new_session(server_, true); }

Result<TlsContext::Session> TlsKeyring::new_session(ContextPtr& context, bool server) {
  ERR_clear_error();
  if (context == nullptr) {
    context.reset(SSL_CTX_new(server ? TLS_server_method() : TLS_client_method()));
    if (context != nullptr && !configure(context.get(), this, server)) context.reset();
  }
  if (context != nullptr) {
    if (TlsContext::Session session(SSL_new(context.get())); session != nullptr) return session;
  }
  return fail(ErrorCode::failed, "tls: the cluster's key cannot be set up");
}

Error keyed_handshake_error(const Error& error, bool server) {
  constexpr std::string_view theirs = "remote error: tls: ";
  const std::string_view text = error.message;
  const bool alert = text.starts_with(theirs);
  const std::string_view word = alert ? text.substr(theirs.size()) : std::string_view();
  if (!server && word == "insufficient security level") {
    return {ErrorCode::denied,
            "the other side does not have `encrypt` set, and this one has: both must have the same "
            "key"};
  }
  if (!server && (word == "handshake failure" || word == "illegal parameter" ||
                  word == "protocol version not supported")) {
    return {ErrorCode::denied, "the other side does not accept our `encrypt` key: it has another"};
  }
  if (server && !alert && text.starts_with("tls: ")) {
    return {ErrorCode::denied, "the caller's `encrypt` key is not one of ours"};
  }
  return error;
}

}  // namespace conclave
