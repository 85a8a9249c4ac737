#include "tests/bench/histogram.h"

#include <bit>

namespace conclave::bench {

std::size_t Histogram::bucket_of(std::uint64_t value) {
  if (value < (1u << sub_bits)) return static_cast<std::size_t>(value);
  const int shift = static_cast<int>(std::bit_width(value)) - 1 - sub_bits;
  return (static_cast<std::size_t>(shift + 1) << sub_bits) +
         static_cast<std::size_t>((value >> shift) - (1u << sub_bits));
}

std::uint64_t Histogram::upper_bound(std::size_t bucket) {
  if (bucket < (1u << sub_bits)) return bucket;
  const std::size_t shift = (bucket >> sub_bits) - 1;
  const std::uint64_t low = (1u << sub_bits) + (bucket & ((1u << sub_bits) - 1));
  return ((low + 1) << shift) - 1;
}

void Histogram::add(std::uint64_t nanoseconds) {
  ++counts_[bucket_of(nanoseconds)];
  ++count_;
}

void Histogram::merge(const Histogram& other) {
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
}

std::uint64_t Histogram::percentile(double share) const {
  if (count_ == 0) return 0;
  const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(count_));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen > wanted) return upper_bound(i);
  }
  return upper_bound(counts_.size() - 1);
}

}  // namespace conclave::bench
