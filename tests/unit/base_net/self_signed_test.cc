// Oracle: OpenSSL's own verification, and RFC 5280 for what a root must say.
#include "base/net/self_signed.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <chrono>
#include <memory>

namespace conclave {
namespace {

TEST(SelfSignedRoot, is_a_root_that_verifies_itself) {
  const Nanos now = std::chrono::seconds(1'800'000'000);
  const auto root = make_self_signed_root("a name", "spiffe://x.consul", now);
  ASSERT_TRUE(root.has_value());
  BIO* in = BIO_new_mem_buf(root->pem.data(), static_cast<int>(root->pem.size()));
  const std::unique_ptr<X509, decltype(&X509_free)> read(
      PEM_read_bio_X509(in, nullptr, nullptr, nullptr), &X509_free);
  BIO_free(in);
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(X509_verify(read.get(), X509_get0_pubkey(read.get())), 1);
  EXPECT_GT(X509_check_ca(read.get()), 0);
  EXPECT_EQ(X509_check_issued(read.get(), read.get()), X509_V_OK);
  EXPECT_EQ(root->not_before, "2027-01-15T08:00:00Z");
  EXPECT_EQ(root->not_after, "2037-01-12T08:00:00Z");
  EXPECT_EQ(root->fingerprint.size(), 20u * 3 - 1);
  EXPECT_EQ(root->key_id.size(), 20u * 3 - 1);
  EXPECT_NE(make_self_signed_root("a name", "spiffe://x.consul", now)->pem, root->pem);
}

}  // namespace
}  // namespace conclave
