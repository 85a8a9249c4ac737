#pragma once

/// Latencies in buckets of about 1.5 % width from 1 ns to hours, as HdrHistogram has them: constant
/// memory, no sampling.

#include <array>
#include <cstdint>

namespace conclave::bench {

class Histogram {
 public:
  void add(std::uint64_t nanoseconds);
  void merge(const Histogram& other);
  std::uint64_t count() const { return count_; }
  /// Upper bound of the bucket that holds the given share, e.g. 0.99; 0 when empty.
  std::uint64_t percentile(double share) const;

 private:
  static constexpr int sub_bits = 6;
  static std::size_t bucket_of(std::uint64_t value);
  static std::uint64_t upper_bound(std::size_t bucket);

  std::array<std::uint64_t, 64 << sub_bits> counts_{};
  std::uint64_t count_ = 0;
};

}  // namespace conclave::bench
