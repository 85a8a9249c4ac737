#pragma once

#include "base/core/duration.h"

namespace conclave {

/// The clocks, behind a port so that tests and the simulator set them. Nanoseconds throughout.
class Clock {
 public:
  virtual ~Clock() = default;
  /// CLOCK_BOOTTIME: never steps, goes on during suspend. Every lease, deadline and timeout is
  /// judged by it.
  virtual Nanos boot_now() const = 0;
  /// Unix time: for display and log lines only.
  virtual Nanos wall_now() const = 0;
};

/// The machine's clocks; one object for the process.
const Clock& system_clock();

}  // namespace conclave
