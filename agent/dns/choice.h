#pragma once

/// Which come first. Pure.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/core/rng.h"

namespace conclave::dns {

/// The first `count` of the positions of `weights` in random order. One with twice the weight of
/// another comes first twice as often (Efraimidis and Spirakis, 2006); those of weight 0 come after
/// all others.
std::vector<std::uint32_t> choose_weighted(std::span<const std::uint32_t> weights,
                                           std::size_t count, Rng& rng);
/// The same for `size` positions of equal weight.
std::vector<std::uint32_t> choose_evenly(std::size_t size, std::size_t count, Rng& rng);

}  // namespace conclave::dns
