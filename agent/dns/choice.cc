#include "agent/dns/choice.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace conclave::dns {
namespace {

/// Later than what has any weight: -ln of the smallest number drawn is below 40.
constexpr double no_weight_key = 1e9;

/// In (0, 1].
double draw(Rng& rng) { return (static_cast<double>(rng.next() >> 11) + 1) / 9007199254740992.0; }

}  // namespace

std::vector<std::uint32_t> choose_evenly(std::size_t size, std::size_t count, Rng& rng) {
  std::vector<std::uint32_t> positions(size);
  std::iota(positions.begin(), positions.end(), 0u);
  count = std::min(count, size);
  for (std::size_t i = 0; i < count; ++i) {
    std::swap(positions[i], positions[i + rng.below(size - i)]);
  }
  positions.resize(count);
  return positions;
}

std::vector<std::uint32_t> choose_weighted(std::span<const std::uint32_t> weights,
                                           std::size_t count, Rng& rng) {
  const bool even = std::ranges::all_of(weights, [&](auto w) { return w == weights.front(); });
  if (even) return choose_evenly(weights.size(), count, rng);
  std::vector<std::pair<double, std::uint32_t>> keys(weights.size());
  for (std::uint32_t i = 0; i < keys.size(); ++i) {
    const double key = weights[i] == 0 ? no_weight_key + draw(rng)
                                       : -std::log(draw(rng)) / static_cast<double>(weights[i]);
    keys[i] = {key, i};
  }
  count = std::min(count, keys.size());
  const auto end = keys.begin() + static_cast<std::ptrdiff_t>(count);
  std::partial_sort(keys.begin(), end, keys.end());
  std::vector<std::uint32_t> positions(count);
  for (std::size_t i = 0; i < count; ++i) positions[i] = keys[i].second;
  return positions;
}

}  // namespace conclave::dns
