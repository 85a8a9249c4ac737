#include "tests/tls_server/authority.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace conclave {
namespace {

constexpr long seconds_per_day = 24L * 60 * 60;

void require(bool done, const char* what) {
  if (!done) throw std::runtime_error(what);
}

void extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  require(extension != nullptr, "extension");
  require(X509_add_ext(certificate, extension, -1) == 1, "add extension");
  X509_EXTENSION_free(extension);
}

std::string alternative_names(const CertificateWish& wish) {
  std::string text;
  for (const std::string& name : wish.dns_names) text += (text.empty() ? "DNS:" : ",DNS:") + name;
  for (const std::string& one : wish.addresses) text += (text.empty() ? "IP:" : ",IP:") + one;
  return text;
}

template <class Write>
std::string pem_of(Write write) {
  BIO* memory = BIO_new(BIO_s_mem());
  require(memory != nullptr && write(memory) == 1, "PEM");
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(memory);
  return text;
}

}  // namespace

Authority::KeyPtr Authority::new_key() {
  KeyPtr key(EVP_EC_gen("P-256"));
  require(key != nullptr, "key");
  return key;
}

Authority::X509Ptr Authority::new_certificate(const char* name, const CertificateWish& wish,
                                              EVP_PKEY* key) {
  X509Ptr made(X509_new());
  X509* raw = made.get();
  std::int64_t serial = 0;
  require(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1, "serial");
  X509_set_version(raw, X509_VERSION_3);
  ASN1_INTEGER_set_int64(X509_get_serialNumber(raw), serial & 0x7fffffffffffffff);
  X509_gmtime_adj(X509_getm_notBefore(raw), wish.first_day * seconds_per_day);
  X509_gmtime_adj(X509_getm_notAfter(raw), wish.last_day * seconds_per_day);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(raw), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  require(X509_set_pubkey(raw, key) == 1, "public key");
  return made;
}

Identity Authority::identity(X509* certificate, EVP_PKEY* key) {
  return {pem_of([&](BIO* out) { return PEM_write_bio_X509(out, certificate); }),
          pem_of([&](BIO* out) {
            return PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
          })};
}

Authority::Authority()
    : key_(new_key()), certificate_(new_certificate("Test Authority", {}, key_.get())) {
  X509* raw = certificate_.get();
  X509_set_issuer_name(raw, X509_get_subject_name(raw));
  extend(raw, raw, NID_basic_constraints, "critical,CA:TRUE");
  extend(raw, raw, NID_key_usage, "critical,keyCertSign,cRLSign");
  require(X509_sign(raw, key_.get(), EVP_sha256()) > 0, "signature");
}

Identity Authority::issue(const CertificateWish& wish) const {
  const KeyPtr key = new_key();
  const X509Ptr made = new_certificate("Test Server", wish, key.get());
  X509_set_issuer_name(made.get(), X509_get_subject_name(certificate_.get()));
  const std::string names = alternative_names(wish);
  if (!names.empty()) extend(made.get(), certificate_.get(), NID_subject_alt_name, names);
  require(X509_sign(made.get(), key_.get(), EVP_sha256()) > 0, "signature");
  return identity(made.get(), key.get());
}

std::string Authority::certificate() const {
  return identity(certificate_.get(), key_.get()).certificate;
}

Identity Authority::self_signed(const CertificateWish& wish) {
  const KeyPtr key = new_key();
  const X509Ptr made = new_certificate("Test Server", wish, key.get());
  X509_set_issuer_name(made.get(), X509_get_subject_name(made.get()));
  extend(made.get(), made.get(), NID_subject_alt_name, alternative_names(wish));
  require(X509_sign(made.get(), key.get(), EVP_sha256()) > 0, "signature");
  return identity(made.get(), key.get());
}

TemporaryFile::TemporaryFile(const std::string& content) {
  std::string pattern = std::filesystem::temp_directory_path() / "conclave-tls-XXXXXX";
  require(::mkdtemp(pattern.data()) != nullptr, "temporary directory");
  directory_ = pattern;
  std::ofstream(path()) << content;
}

TemporaryFile::~TemporaryFile() {
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

}  // namespace conclave
