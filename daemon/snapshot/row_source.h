#pragma once

/// Rows one after another, in ascending order of their keys: what a generation is built of.

#include <string_view>

#include "base/core/result.h"

namespace conclave::daemon {

class RowSource {
 public:
  virtual ~RowSource() = default;
  /// True: key() and row() are the next row's, until the next call. False: that was all, and all is
  /// as it should be.
  virtual Result<bool> next() = 0;
  virtual std::string_view key() const = 0;
  virtual std::string_view row() const = 0;
};

}  // namespace conclave::daemon
