#pragma once

/// Keeps the log readable while peers try again and again: what has been said is said again only
/// after a minute.

#include <map>
#include <string>

#include "base/core/duration.h"

namespace conclave {

class Repeats {
 public:
  /// True when `what` was not noted within the last minute; `now` by Clock::boot_now(). Remembers
  /// 256 texts: while more than that are repeated at once, new ones are taken for repetitions.
  bool is_new(const std::string& what, Nanos now);

 private:
  std::map<std::string, Nanos> noted_;
};

}  // namespace conclave
