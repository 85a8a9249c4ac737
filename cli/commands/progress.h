#pragma once

/// How far a transfer has come, on standard error when that is a terminal: one line, rewritten a
/// few times a second.

#include <cstdint>
#include <iosfwd>
#include <string>

#include "base/core/duration.h"

namespace conclave::cli {

class Progress {
 public:
  /// `total`: 0 = not known.
  Progress(std::ostream& err, std::string doing, std::uint64_t total);
  /// Clears the line.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void add(std::uint64_t bytes);

 private:
  std::ostream& err_;
  const std::string doing_;
  const std::uint64_t total_;
  const bool shown_;
  std::uint64_t done_ = 0;
  Nanos last_{};
};

}  // namespace conclave::cli
