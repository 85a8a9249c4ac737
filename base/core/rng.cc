#include "base/core/rng.h"

#include <bit>

#include "base/core/assert.h"

namespace conclave {
namespace {

std::uint64_t split_mix(std::uint64_t& state) {
  state += 0x9e3779b97f4a7c15;
  std::uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace

Rng::Rng(std::uint64_t seed) {
  for (std::uint64_t& word : state_) word = split_mix(seed);
}

std::uint64_t Rng::next() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

std::uint64_t Rng::below(std::uint64_t bound) {
  CONCLAVE_ASSERT(bound > 0);
  // The last, incomplete run of `bound` numbers is drawn again; otherwise small results would be
  // more likely. -bound % bound is 2^64 mod bound.
  const std::uint64_t incomplete = -bound % bound;
  for (;;) {
    const std::uint64_t drawn = next();
    if (drawn >= incomplete) return drawn % bound;
  }
}

std::uint64_t Rng::between(std::uint64_t low, std::uint64_t high) {
  CONCLAVE_ASSERT(low <= high);
  const std::uint64_t span = high - low + 1;
  return span == 0 ? next() : low + below(span);
}

bool Rng::chance(std::uint64_t numerator, std::uint64_t denominator) {
  return below(denominator) < numerator;
}

}  // namespace conclave
