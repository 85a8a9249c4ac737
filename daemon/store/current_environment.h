#pragma once

/// The environment that counts, as the store and all its readers share it: when a snapshot is put
/// in place, each reader moves to the new one with the next snapshot that it opens, and the last to
/// let go of the old one closes and removes it. Any thread.

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

#include "daemon/store/environment.h"

namespace conclave::daemon {

class CurrentEnvironment {
 public:
  explicit CurrentEnvironment(std::shared_ptr<Environment> environment)
      : environment_(std::move(environment)) {}

  /// Rises with each replacement: a reader whose number is still this one has the right
  /// environment.
  std::uint64_t number() const { return number_.load(std::memory_order_acquire); }
  /// The environment, and the number that goes with it.
  std::pair<std::shared_ptr<Environment>, std::uint64_t> get() const {
    const std::lock_guard lock(mutex_);
    return {environment_, number_.load(std::memory_order_relaxed)};
  }
  void replace(std::shared_ptr<Environment> environment) {
    const std::lock_guard lock(mutex_);
    environment_.swap(environment);  // The old one is let go of outside the lock.
    number_.fetch_add(1, std::memory_order_release);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<Environment> environment_;
  std::atomic<std::uint64_t> number_{1};
};

}  // namespace conclave::daemon
