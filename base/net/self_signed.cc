#include "base/net/self_signed.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <chrono>
#include <ctime>
#include <memory>
#include <string_view>

namespace conclave {
namespace {

constexpr std::chrono::hours valid_for(24 * 3650);
constexpr long x509_version_3 = 2;  // It counts from 0.

template <auto free>
struct Release {
  template <class T>
  void operator()(T* object) const {
    free(object);
  }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, Release<X509_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Release<X509_EXTENSION_free>>;
using BioPtr = std::unique_ptr<BIO, Release<BIO_free>>;

std::string colon_hex(const unsigned char* bytes, std::size_t size) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i)
    text += fmt::format("{}{:02x}", i == 0 ? "" : ":", bytes[i]);
  return text;
}

std::time_t seconds_of(Nanos unix_time) {
  return std::chrono::duration_cast<std::chrono::seconds>(unix_time).count();
}

std::string rfc3339(std::time_t time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(time));
}

bool add_extension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  context.db = nullptr;
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool set_name(X509* certificate, const std::string& name) {
  X509_NAME* subject = X509_get_subject_name(certificate);
  const auto* text = reinterpret_cast<const unsigned char*>(name.c_str());
  return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, text, -1, -1, 0) == 1 &&
         X509_set_issuer_name(certificate, subject) == 1;
}

bool describe(X509* certificate, EVP_PKEY* key, const SelfSignedRoot& root, const std::string& name,
              const std::string& uri, std::time_t from, std::time_t to) {
  return X509_set_version(certificate, x509_version_3) == 1 &&
         ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), root.serial_number) == 1 &&
         ASN1_TIME_set(X509_getm_notBefore(certificate), from) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), to) != nullptr &&
         X509_set_pubkey(certificate, key) == 1 && set_name(certificate, name) &&
         add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE") &&
         add_extension(certificate, NID_key_usage,
                       "critical,digitalSignature,keyCertSign,cRLSign") &&
         add_extension(certificate, NID_subject_key_identifier, "hash") &&
         add_extension(certificate, NID_subject_alt_name, "URI:" + uri) &&
         X509_sign(certificate, key, EVP_sha256()) > 0;
}

/// Fills in what is read off the signed certificate.
bool show(X509* certificate, SelfSignedRoot& root) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (X509_digest(certificate, EVP_sha1(), digest, &size) != 1) return false;
  root.fingerprint = colon_hex(digest, size);
  const ASN1_OCTET_STRING* key_id = X509_get0_subject_key_id(certificate);
  if (key_id == nullptr) return false;
  root.key_id = colon_hex(ASN1_STRING_get0_data(key_id),
                          static_cast<std::size_t>(ASN1_STRING_length(key_id)));
  const BioPtr out(BIO_new(BIO_s_mem()));
  if (out == nullptr || PEM_write_bio_X509(out.get(), certificate) != 1) return false;
  char* text = nullptr;
  const long length = BIO_get_mem_data(out.get(), &text);
  root.pem.assign(text, static_cast<std::size_t>(length));
  return true;
}

}  // namespace

Result<SelfSignedRoot> make_self_signed_root(const std::string& name, const std::string& uri,
                                             Nanos unix_now) {
  const auto failed = [] { return fail(ErrorCode::failed, "cannot make a root certificate"); };
  SelfSignedRoot root;
  unsigned char serial[7];  // Positive in 64 bits, whatever is drawn.
  if (RAND_bytes(serial, sizeof serial) != 1) return failed();
  for (const unsigned char byte : serial) root.serial_number = root.serial_number << 8 | byte;
  const KeyPtr key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  const CertificatePtr certificate(X509_new());
  const std::time_t from = seconds_of(unix_now);
  const std::time_t to = seconds_of(unix_now + valid_for);
  root.not_before = rfc3339(from);
  root.not_after = rfc3339(to);
  if (key == nullptr || certificate == nullptr ||
      !describe(certificate.get(), key.get(), root, name, uri, from, to) ||
      !show(certificate.get(), root)) {
    return failed();
  }
  return root;
}

}  // namespace conclave
