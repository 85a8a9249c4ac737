#pragma once

/// Two hashes with two purposes. Neither is used for secrets.

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace conclave {

/// 64 bits, fast, well mixed, fixed for ever (it is part of the state hash, docs/formats.md).
std::uint64_t hash64(std::string_view bytes, std::uint64_t seed = 0);

/// The first 16 bytes of SHA-256: collision-free for all practical purposes, even against people
/// who try; used for keys longer than LMDB takes.
std::string hash128(std::string_view bytes);

/// SHA-256, 32 raw bytes.
std::string sha256(std::string_view bytes);

/// The same of bytes that come in pieces.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void add(std::string_view bytes);
  /// 32 raw bytes of what was added; begins anew.
  std::string finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace conclave
