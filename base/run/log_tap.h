#pragma once

/// Somebody who listens to the log for a while (`conclave monitor`), at a level and in a form of
/// his own, without changing what the process itself writes.

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "base/run/log.h"

namespace conclave {

/// Listens from its construction to its destruction. Lines come from any thread.
class LogTap {
 public:
  /// What waits for a listener who is slow; lines beyond it are dropped, counted and told.
  static constexpr std::size_t bytes_max = std::size_t{256} * 1024;

  LogTap(LogLevel level, bool json);
  ~LogTap();
  LogTap(const LogTap&) = delete;
  LogTap& operator=(const LogTap&) = delete;

  LogLevel level() const { return level_; }
  bool json() const { return json_; }

  /// The lines since the last call, each with its line end; the last one says how many were
  /// dropped after those before it, if any were. Empty: nothing was logged.
  std::string take();
  std::uint64_t dropped() const;

  /// For the log itself.
  void add(std::string_view line);

 private:
  const LogLevel level_;
  const bool json_;
  mutable std::mutex mutex_;
  std::string lines_;                 ///< Guarded by mutex_, as are the next.
  std::uint64_t dropped_ = 0;         ///< Since the beginning.
  std::uint64_t dropped_untold_ = 0;  ///< Not in a line of take() yet.
};

}  // namespace conclave
