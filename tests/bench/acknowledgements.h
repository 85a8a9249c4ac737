#pragma once

/// When writes were acknowledged, over all writers: how many, and the gaps between one and the
/// next.

#include <chrono>
#include <cstdint>
#include <mutex>
#include <vector>

namespace conclave::bench {

class Acknowledgements {
 public:
  /// steady_clock, which other programs on the machine know as CLOCK_MONOTONIC.
  using Clock = std::chrono::steady_clock;
  /// Shorter ones are not kept.
  static constexpr std::chrono::milliseconds gap_min{20};

  struct Gap {
    Clock::time_point begin;
    Clock::time_point end;
  };

  void add();
  void add_unknown();
  void add_refused();

  /// After the writers have ended.
  std::uint64_t count() const { return count_; }
  std::uint64_t unknown() const { return unknown_; }
  std::uint64_t refused() const { return refused_; }
  const std::vector<Gap>& gaps() const { return gaps_; }

 private:
  std::mutex mutex_;
  std::uint64_t count_ = 0;
  std::uint64_t unknown_ = 0;
  std::uint64_t refused_ = 0;
  Clock::time_point last_ = Clock::now();
  std::vector<Gap> gaps_;
};

}  // namespace conclave::bench
