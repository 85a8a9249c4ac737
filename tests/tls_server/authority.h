#pragma once

/// Certificates made while the test runs: no key is ever kept in a file of this repository.

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <vector>

namespace conclave {

struct CertificateWish {
  std::vector<std::string> dns_names{};
  std::vector<std::string> addresses{};
  /// Validity, in days from now.
  int first_day = -1;
  int last_day = 1;
};

/// A certificate and its key, PEM.
struct Identity {
  std::string certificate;
  std::string key;
};

/// A certificate authority with a key of its own.
class Authority {
 public:
  Authority();

  Identity issue(const CertificateWish& wish) const;
  /// The authority's own certificate, to be trusted.
  std::string certificate() const;

  /// Signed by nobody but itself.
  static Identity self_signed(const CertificateWish& wish);

 private:
  struct Release {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(X509* certificate) const { X509_free(certificate); }
  };
  using KeyPtr = std::unique_ptr<EVP_PKEY, Release>;
  using X509Ptr = std::unique_ptr<X509, Release>;

  static KeyPtr new_key();
  static X509Ptr new_certificate(const char* name, const CertificateWish& wish, EVP_PKEY* key);
  static Identity identity(X509* certificate, EVP_PKEY* key);

  KeyPtr key_;
  X509Ptr certificate_;
};

/// A file below the test's temporary directory that is gone with this object.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  /// The file stands alone in its directory.
  const std::string& directory() const { return directory_; }
  std::string path() const { return directory_ + "/some.crt"; }

 private:
  std::string directory_;
};

}  // namespace conclave
