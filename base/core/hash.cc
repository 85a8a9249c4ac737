#include "base/core/hash.h"

#include <openssl/evp.h>

#include <cstring>

#include "base/core/assert.h"

namespace conclave {
namespace {

/// Odd constants without pattern: the fractional digits of the square roots of 2, 3, 5 and 7.
constexpr std::uint64_t k0 = 0x6a09e667f3bcc909;
constexpr std::uint64_t k1 = 0xbb67ae8584caa73b;
constexpr std::uint64_t k2 = 0x3c6ef372fe94f82b;
constexpr std::uint64_t k3 = 0xa54ff53a5f1d36f1;

__extension__ using Wide = unsigned __int128;

/// The full 128-bit product folded onto itself: every input bit reaches every output bit.
std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
  const Wide product = Wide{a} * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t load(const char* at, std::size_t size) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, size);
  return word;
}

}  // namespace

std::uint64_t hash64(std::string_view bytes, std::uint64_t seed) {
  // The length goes in first, so that trailing zero bytes are not lost in the padding of the tail.
  std::uint64_t state = fold(seed ^ k0, bytes.size() ^ k1);
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 16; left -= 16, at += 16) {
    state = fold(load(at, 8) ^ k2 ^ state, load(at + 8, 8) ^ k3) + state;
  }
  if (left > 8) {
    state = fold(load(at, 8) ^ k2 ^ state, load(at + 8, left - 8) ^ k3) + state;
  } else if (left > 0) {
    state = fold(load(at, left) ^ k2 ^ state, k3) + state;
  }
  return fold(state ^ k0, state ^ k3);
}

namespace {

/// EVP_sha256() would look it up among the providers for every use, which takes longer than hashing
/// a short text.
const EVP_MD* sha256_method() {
  static const EVP_MD* const method = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  CONCLAVE_ASSERT_WHY(method != nullptr, "SHA-256 is part of every OpenSSL");
  return method;
}

}  // namespace

std::string sha256(std::string_view bytes) {
  std::string digest(32, '\0');
  unsigned size = 0;
  const int ok =
      EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()), &size,
                 sha256_method(), nullptr);
  CONCLAVE_ASSERT_WHY(ok == 1 && size == 32, "SHA-256 is part of every OpenSSL");
  return digest;
}

struct Sha256::Context {
  Context() : digest(EVP_MD_CTX_new()) {
    CONCLAVE_ASSERT(digest != nullptr);
    begin();
  }
  ~Context() { EVP_MD_CTX_free(digest); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  void begin() const {
    const int ok = EVP_DigestInit_ex(digest, sha256_method(), nullptr);
    CONCLAVE_ASSERT_WHY(ok == 1, "SHA-256 is part of every OpenSSL");
  }

  EVP_MD_CTX* digest;
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::add(std::string_view bytes) {
  const int ok = EVP_DigestUpdate(context_->digest, bytes.data(), bytes.size());
  CONCLAVE_ASSERT(ok == 1);
}

std::string Sha256::finish() {
  std::string digest(32, '\0');
  const int ok = EVP_DigestFinal_ex(context_->digest,
                                    reinterpret_cast<unsigned char*>(digest.data()), nullptr);
  CONCLAVE_ASSERT(ok == 1);
  context_->begin();
  return digest;
}

std::string hash128(std::string_view bytes) { return sha256(bytes).substr(0, 16); }

}  // namespace conclave
