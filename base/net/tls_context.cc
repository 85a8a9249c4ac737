#include "base/net/tls_context.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/core/bytes.h"

namespace conclave {
namespace {

/// Of intermediate authorities; the public web needs two or three.
constexpr int chain_depth_max = 8;
/// OpenSSL's level 2: 112 bits, so no RSA below 2048 bits and no SHA-1.
constexpr int security_level = 2;
/// For TLS 1.2; all suites of 1.3 are of this kind.
constexpr const char* suites = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr const char* groups = "X25519:P-256:P-384";

using ContextPtr = std::unique_ptr<SSL_CTX, TlsContext::Release>;

/// Why the last call failed: errno for files that cannot be opened, else OpenSSL's own word.
std::string last_reason() {
  const unsigned long code = ERR_peek_last_error();
  for (unsigned long each = ERR_get_error(); each != 0; each = ERR_get_error()) {
    if (ERR_SYSTEM_ERROR(each)) {
      ERR_clear_error();
      return std::strerror(ERR_GET_REASON(each));
    }
  }
  const char* reason = ERR_reason_error_string(code);
  return reason == nullptr ? "unknown reason" : reason;
}

Result<void> trust_file(SSL_CTX* context, const std::string& path) {
  if (SSL_CTX_load_verify_file(context, path.c_str()) == 1) return {};
  return fail(ErrorCode::bad_request,
              fmt::format("Error loading CA File: {}: {}", path, last_reason()));
}

/// OpenSSL's own directories need file names made of hashes, which users' directories do not have.
Result<void> trust_directory(SSL_CTX* context, const std::string& path) {
  std::error_code error;
  std::size_t files = 0;
  for (auto entry = std::filesystem::recursive_directory_iterator(path, error);
       !error && entry != std::filesystem::recursive_directory_iterator(); entry.increment(error)) {
    if (!entry->is_regular_file(error)) continue;
    CONCLAVE_TRY(trust_file(context, entry->path().string()));
    ++files;
  }
  if (error || files == 0) {
    return fail(ErrorCode::bad_request, fmt::format("Error loading CA Path: {}: {}", path,
                                                    error ? error.message() : "no files"));
  }
  return {};
}

Result<void> trust(SSL_CTX* context, const TlsOptions& options) {
  if (!options.verify) return {};
  if (!options.ca_file.empty()) return trust_file(context, options.ca_file);
  if (!options.ca_path.empty()) return trust_directory(context, options.ca_path);
  if (SSL_CTX_set_default_verify_paths(context) == 1) return {};
  return fail(ErrorCode::failed, "Error loading the system's CAs: " + last_reason());
}

Result<void> identify(SSL_CTX* context, const TlsOptions& options) {
  if (options.certificate_file.empty() != options.key_file.empty()) {
    return fail(ErrorCode::bad_request,
                "both client cert and client key must be provided, or neither");
  }
  if (options.certificate_file.empty()) return {};
  if (SSL_CTX_use_certificate_chain_file(context, options.certificate_file.c_str()) != 1) {
    return fail(ErrorCode::bad_request, fmt::format("Error loading client cert {}: {}",
                                                    options.certificate_file, last_reason()));
  }
  if (SSL_CTX_use_PrivateKey_file(context, options.key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context) != 1) {
    return fail(ErrorCode::bad_request,
                fmt::format("Error loading client key {}: {}", options.key_file, last_reason()));
  }
  return {};
}

Result<void> offer(SSL_CTX* context, const std::vector<std::string>& protocols) {
  std::string wire;
  for (const std::string& name : protocols) {
    append_u8(wire, static_cast<std::uint8_t>(name.size()));
    wire += name;
  }
  const auto* bytes = reinterpret_cast<const unsigned char*>(wire.data());
  // Unlike its siblings this one answers 0 when all is well.
  if (wire.empty() ||
      SSL_CTX_set_alpn_protos(context, bytes, static_cast<unsigned>(wire.size())) == 0)
    return {};
  return fail(ErrorCode::failed, "tls: set-up failed: " + last_reason());
}

Result<ContextPtr> make_context(const TlsOptions& options) {
  ERR_clear_error();
  ContextPtr context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* raw = context.get();
  if (raw == nullptr || SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_cipher_list(raw, suites) != 1 || SSL_CTX_set1_groups_list(raw, groups) != 1) {
    return fail(ErrorCode::failed, "tls: set-up failed: " + last_reason());
  }
  SSL_CTX_set_security_level(raw, security_level);
  SSL_CTX_set_options(raw, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  // Idle connections give their 34 KiB of buffers back.
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_verify_depth(raw, chain_depth_max);
  SSL_CTX_set_verify(raw, options.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  CONCLAVE_TRY(offer(raw, options.protocols));
  CONCLAVE_TRY(trust(raw, options));
  CONCLAVE_TRY(identify(raw, options));
  return context;
}

bool is_address(const std::string& name) {
  in6_addr out{};
  return ::inet_pton(AF_INET, name.c_str(), &out) == 1 ||
         ::inet_pton(AF_INET6, name.c_str(), &out) == 1;
}

/// Whom the certificate has to name. As in Go, its subject counts for nothing.
bool expect_name(SSL* session, const std::string& name, bool address) {
  SSL_set_hostflags(session,
                    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  if (!address) return SSL_set1_host(session, name.c_str()) == 1;
  return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), name.c_str()) == 1;
}

}  // namespace

void TlsContext::Release::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }
void TlsContext::Release::operator()(ssl_st* session) const { SSL_free(session); }

Result<TlsContext::Session> TlsContext::new_client(const std::string& name) {
  if (name.empty() && options_.verify) {
    // An empty name would match every certificate of a trusted authority.
    return fail(ErrorCode::bad_request,
                "tls: either ServerName or InsecureSkipVerify must be specified in the tls.Config");
  }
  if (context_ == nullptr) {
    CONCLAVE_TRY_ASSIGN(context_, make_context(options_));
  }
  ERR_clear_error();
  Session session(SSL_new(context_.get()));
  const bool address = is_address(name);
  std::string plain = name;
  if (!address && plain.ends_with('.')) plain.pop_back();
  bool done = session != nullptr;
  if (done && options_.verify) done = expect_name(session.get(), plain, address);
  if (done && !address && !plain.empty()) {
    done = SSL_set_tlsext_host_name(session.get(), plain.c_str()) == 1;
  }
  if (!done) return fail(ErrorCode::failed, "tls: set-up failed: " + last_reason());
  return session;
}

}  // namespace conclave
